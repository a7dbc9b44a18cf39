"""Change and delete tasks and their versions, and choose the production version."""

import pytest

from accounts.models import Change
from dashboard.files.store import paths, storage
from dashboard.models import Job, Task, Version
from dashboard.queries.training.versions import newest_versions
from dashboard.services.errors import EmptyName, NotProducible
from dashboard.services.extractions.extractions import start_extraction
from dashboard.services.jobs import jobs
from dashboard.services.training.tasks import change_task, delete_task
from dashboard.services.training.versions import delete_version, set_production
from tests.factories import Cast, make_job, make_task, make_type, make_version


@pytest.fixture
def task(cast: Cast) -> Task:
    return make_task(cast.workspace)


def keep_file(version: Version) -> str:
    name = f"{paths.version(version.workspace_id, version.task_id, version.number)}/model.npz"
    storage.write(name, b"weights")
    return name


def training(cast: Cast, version: Version) -> Job:
    job = make_job(cast.workspace, kind=Job.Kind.TRAIN, queue="train", subject_id=version.id)
    claimed = jobs.claim(job.id, "a worker")
    assert claimed is not None
    return claimed


def test_change(cast: Cast, task: Task) -> None:
    change_task(task=task, changes={"description": "New"}, actor=cast.bob)
    change_task(task=task, changes={}, actor=cast.bob)
    task.refresh_from_db()
    assert (task.name, task.description) == ("Shoes", "New")
    assert Change.objects.filter(noun="task", verb="changed").count() == 1
    with pytest.raises(EmptyName):
        change_task(task=task, changes={"name": ""}, actor=cast.bob)


def test_delete_a_task(cast: Cast, task: Task, django_capture_on_commit_callbacks: object) -> None:
    task.type_rows.create(similarity_type=make_type(cast.workspace))
    version = make_version(task)
    set_production(version=version, production=True, actor=cast.ann)
    name = keep_file(version)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        delete_task(task=task, actor=cast.bob)
        assert storage.exists(name)
    assert not storage.exists(name)
    assert not Version.objects.exists()
    assert Change.objects.filter(noun="task", verb="deleted").count() == 1
    with pytest.raises(Task.DoesNotExist):
        delete_task(task=Task(pk=version.task_id), actor=cast.bob)


def test_a_training_of_a_deleted_task_ends(cast: Cast, task: Task) -> None:
    version = make_version(task, status="TRAINING")
    job = training(cast, version)
    delete_task(task=task, actor=cast.bob)
    with pytest.raises(jobs.LeaseLost):
        jobs.Handle(job).report(fraction=1.0)
    job.refresh_from_db()
    assert (job.state, job.owner) == (Job.State.CANCELLED, "")


def test_choose_and_withdraw_the_production_version(cast: Cast, task: Task) -> None:
    first, second = make_version(task), make_version(task)
    for version, production, changed in (
        (first, True, True),
        (first, True, False),
        (second, True, True),
        (first, False, False),
        (second, False, True),
    ):
        done = set_production(version=version, production=production, actor=cast.ann)
        assert done is changed
        task.refresh_from_db()
    assert task.production_version is None
    verbs = Change.objects.filter(noun="version").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["put into production", "put into production", "withdrew"]


def test_only_a_trained_version_goes_into_production(cast: Cast, task: Task) -> None:
    version = make_version(task, status="ERROR")
    with pytest.raises(NotProducible):
        set_production(version=version, production=True, actor=cast.ann)


def test_delete_a_version(
    cast: Cast, task: Task, django_capture_on_commit_callbacks: object
) -> None:
    first, second = make_version(task), make_version(task)
    task.versions_count = 2
    task.save()
    set_production(version=second, production=True, actor=cast.ann)
    kept, gone = keep_file(first), keep_file(second)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        delete_version(version=second, actor=cast.ann)
    assert storage.exists(kept)
    assert not storage.exists(gone)
    task.refresh_from_db()
    assert (task.production_version, task.versions_count) == (None, 2)
    assert newest_versions([task]) == {task.id: first}


def test_a_training_of_a_deleted_version_ends(cast: Cast, task: Task) -> None:
    version = make_version(task, status="QUEUED")
    job = training(cast, version)
    delete_version(version=version, actor=cast.ann)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_an_extraction_goes_with_its_version(
    cast: Cast, task: Task, django_capture_on_commit_callbacks: object
) -> None:
    version = make_version(task)
    extraction, job = start_extraction(
        workspace=cast.workspace, version=version, file_format="csv", actor=cast.bob
    )
    path = paths.extraction(cast.workspace.id, extraction.id, "csv")
    storage.write(path, b"half")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        delete_version(version=version, actor=cast.ann)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert not storage.exists(path)
