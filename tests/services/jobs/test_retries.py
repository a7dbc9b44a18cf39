"""What a job left undone is tried again: only that, and once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Change
from dashboard.files.store import paths, storage
from dashboard.jobs import sweep
from dashboard.jobs.runner import run_job
from dashboard.models import Extraction, Group, Image, Job, Upload, UploadChunk, UploadFile, Version
from dashboard.services.errors import NothingToRetry, StillUnderWay, TrainingAlreadyRunning
from dashboard.services.extractions.extractions import start_extraction
from dashboard.services.jobs import jobs
from dashboard.services.jobs.retries import can_retry, retry_job
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.library.groups import add_images
from dashboard.services.training.describing import start_describing
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from dashboard.services.uploads import uploads
from dashboard.services.uploads.demo import start_demo
from tests.factories import Cast, drawn_jpeg, make_group, make_image, make_task, make_type
from tests.services.uploads.test_upload_import import loose, outcome, packed, sent

KEPT = timedelta(days=7)  # by default
GOOD = {"red/1.jpg": drawn_jpeg(1), "red/2.jpg": drawn_jpeg(2)}
LARGE = drawn_jpeg(3, (900, 700))


def run(job: Job) -> Job:
    run_job(str(job.pk))
    job.refresh_from_db()
    return job


def files_kept(upload: Upload) -> list[str]:
    return [*storage.names(paths.upload(upload.workspace_id, upload.pk))]


# Uploads


@pytest.fixture
def refused(cast: Cast, settings: Settings) -> tuple[Upload, Job]:
    """Send two good pictures and a large one, in an archive and alone, under a low limit."""
    settings.LIKEWISE_MAX_IMAGE = len(LARGE) - 1
    kind = make_type(cast.workspace)
    archive = packed(GOOD | {"red/3.jpg": LARGE, "red/no.jpg": b"no picture"})
    upload, job = sent(cast, archive, loose("4.jpg", drawn_jpeg(4)), similarity_type=kind)
    assert job.message == "3 added, 2 failed."
    settings.LIKEWISE_MAX_IMAGE = len(LARGE)
    return upload, job


def test_it_works(cast: Cast, refused: tuple[Upload, Job]) -> None:
    upload, job = refused
    again = run(retry_job(job=job, actor=cast.bob))
    assert (again.state, again.message) == (Job.State.DONE, "4 added, 1 failed.")
    assert (again.done, again.failed, again.total) == (4, 1, 5)
    assert outcome(upload)["red/3.jpg"] == "added"
    assert outcome(upload)["red/no.jpg"] == "failed"
    asked, ended = Change.objects.order_by("-id")[:2][::-1]
    assert (asked.verb, asked.noun, asked.actor) == ("tried again", "job", cast.bob)
    assert (ended.verb, ended.noun, ended.actor, ended.count) == ("imported", "files", None, 4)


def test_nothing_comes_in_twice(cast: Cast, refused: tuple[Upload, Job]) -> None:
    _, job = refused
    again = run(retry_job(job=job, actor=cast.bob))
    run(retry_job(job=again, actor=cast.bob))
    assert Image.objects.count() == 4
    assert Group.objects.get().images_count == 3
    assert len([*storage.names(f"{cast.workspace.pk}/images")]) == 4


def test_only_what_failed_keeps_its_bytes(cast: Cast, refused: tuple[Upload, Job]) -> None:
    upload, _ = refused
    archive, single = upload.parts.order_by("number")
    assert files_kept(upload) == [archive.chunks.get().path]
    assert single.path == ""


def test_when_all_is_in_nothing_is_kept(cast: Cast) -> None:
    upload, job = sent(cast, packed(GOOD))
    assert files_kept(upload) == []
    assert not can_retry(job)
    with pytest.raises(NothingToRetry):
        retry_job(job=job, actor=cast.bob)


def test_it_is_refused_while_it_runs(cast: Cast, refused: tuple[Upload, Job]) -> None:
    upload, job = refused
    again = retry_job(job=job, actor=cast.bob)
    with pytest.raises(StillUnderWay):
        retry_job(job=again, actor=cast.bob)
    assert jobs.claim(again.pk, "worker") is not None
    with pytest.raises(StillUnderWay):
        retry_job(job=again, actor=cast.bob)
    with pytest.raises(NothingToRetry):  # the old one has a successor
        retry_job(job=job, actor=cast.bob)
    assert Job.objects.filter(subject_id=upload.pk).count() == 2


def test_a_cancelled_upload_goes_on(cast: Cast) -> None:
    upload, job = uploads.start_upload(
        workspace=cast.workspace, files=[packed(GOOD)], similarity_type=None, actor=cast.bob
    )
    cancel_job(job=job, actor=cast.bob)
    job.refresh_from_db()
    assert can_retry(job)
    again = run(retry_job(job=job, actor=cast.bob))
    assert again.message == "2 added."
    assert files_kept(upload) == []


def test_an_upload_that_was_given_up_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    _, job = uploads.start_upload(
        workspace=cast.workspace, files=[packed(GOOD)], similarity_type=None, actor=cast.bob
    )
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "counts", lambda _: 1 / 0)
        for _ in range(Job.MAX_TRIES):
            with pytest.raises(ZeroDivisionError):
                run_job(str(job.pk))
    sweep.give_up_worn_out()
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert run(retry_job(job=job, actor=cast.bob)).message == "2 added."
    assert Image.objects.count() == 2


def test_an_archive_that_could_not_be_opened_is_opened_again(cast: Cast) -> None:
    archive = packed(GOOD)
    whole = archive.stream.read()
    upload, job = sent(cast, loose("shoes.zip", whole[:-30]))
    assert job.message == "0 added, 1 failed."
    chunk = upload.parts.get().chunks.get()
    storage.write(chunk.path, whole)
    UploadChunk.objects.update(size=len(whole))
    again = run(retry_job(job=job, actor=cast.bob))
    assert again.message == "2 added."
    assert set(outcome(upload)) == set(GOOD)


def test_what_a_member_may_not_be_it_may_not_be_the_second_time(cast: Cast) -> None:
    upload, job = sent(cast, packed({"../../up.jpg": drawn_jpeg(1)}))
    reason = upload.files.get().reason
    again = run(retry_job(job=job, actor=cast.bob))
    assert again.message == "0 added, 1 failed."
    assert upload.files.get().reason == reason
    assert Image.objects.count() == 0


def test_after_a_day_it_is_forgotten(cast: Cast, refused: tuple[Upload, Job]) -> None:
    upload, job = refused
    sweep.tidy()
    assert files_kept(upload)
    Upload.objects.update(modified=timezone.now() - KEPT - timedelta(seconds=1))
    sweep.tidy()
    assert files_kept(upload) == []
    with pytest.raises(NothingToRetry):
        retry_job(job=job, actor=cast.bob)
    assert upload.files.filter(status=UploadFile.Status.FAILED).count() == 2


def test_what_is_tried_again_is_not_forgotten(cast: Cast, refused: tuple[Upload, Job]) -> None:
    upload, job = refused
    again = retry_job(job=job, actor=cast.bob)
    Upload.objects.update(modified=timezone.now() - KEPT - timedelta(seconds=1))
    sweep.tidy()
    assert run(again).message == "4 added, 1 failed."
    assert files_kept(upload)


# Trainings


@pytest.fixture
def cancelled(cast: Cast) -> Job:
    kind = make_type(cast.workspace)
    for number in range(2):
        images = [make_image(cast.workspace, seed=10 * number + i) for i in range(3)]
        group = make_group(kind, f"Group {number}")
        add_images(group=group, ids=[image.id for image in images], actor=cast.bob)
    task = make_task(cast.workspace)
    add_type(task=task, similarity_type=kind, actor=cast.bob)
    _, job = start_training(task=task, actor=cast.bob)
    cancel_job(job=job, actor=cast.bob)
    job.refresh_from_db()
    return job


def test_a_training_is_tried_again_as_the_next_version(cast: Cast, cancelled: Job) -> None:
    again = run(retry_job(job=cancelled, actor=cast.bob))
    assert again.state == Job.State.DONE
    statuses = dict(Version.objects.values_list("number", "status"))
    assert statuses == {1: Version.Status.CANCELLED, 2: Version.Status.TRAINED}
    for job in (cancelled, again):
        with pytest.raises(NothingToRetry):
            retry_job(job=job, actor=cast.bob)
    assert Version.objects.count() == 2


def test_a_training_is_not_tried_again_beside_another(cast: Cast, cancelled: Job) -> None:
    start_training(task=Version.objects.get().task, actor=cast.bob)
    with pytest.raises((NothingToRetry, TrainingAlreadyRunning)):
        retry_job(job=cancelled, actor=cast.bob)
    assert Version.objects.count() == 2


def test_a_training_whose_task_is_gone_is_not_tried_again(cast: Cast, cancelled: Job) -> None:
    Version.objects.get().task.delete()
    assert not can_retry(cancelled)


# Extractions, descriptions, the demo


def test_an_extraction_is_tried_again(cast: Cast, cancelled: Job) -> None:
    version_job = run(retry_job(job=cancelled, actor=cast.bob))
    version = Version.objects.get(pk=version_job.subject_id)
    extraction, job = start_extraction(
        workspace=cast.workspace, version=version, file_format="csv", actor=cast.bob
    )
    cancel_job(job=job, actor=cast.bob)
    job.refresh_from_db()
    again = run(retry_job(job=job, actor=cast.bob))
    extraction.refresh_from_db()
    assert (again.state, extraction.count) == (Job.State.DONE, 6)
    assert Extraction.objects.count() == 1
    with pytest.raises(NothingToRetry):
        retry_job(job=again, actor=cast.bob)


def test_a_description_is_tried_again(cast: Cast) -> None:
    make_image(cast.workspace)
    job = start_describing(workspace=cast.workspace, actor=cast.bob)
    assert job is not None
    cancel_job(job=job, actor=cast.bob)
    assert run(retry_job(job=job, actor=cast.bob)).message == "1 image can now be searched."


def test_a_description_with_nothing_to_describe_is_not(cast: Cast) -> None:
    image = make_image(cast.workspace)
    job = start_describing(workspace=cast.workspace, actor=cast.bob)
    assert job is not None
    cancel_job(job=job, actor=cast.bob)
    image.delete()
    with pytest.raises(NothingToRetry):
        retry_job(job=job, actor=cast.bob)


def test_the_demo_is_tried_again(cast: Cast) -> None:
    job = start_demo(workspace=cast.workspace, actor=cast.bob)
    cancel_job(job=job, actor=cast.bob)
    again = retry_job(job=job, actor=cast.bob)
    assert (again.kind, again.state) == (Job.Kind.DEMO, Job.State.QUEUED)


def test_a_job_of_another_kind_about_the_workspace_is_no_successor(cast: Cast) -> None:
    make_image(cast.workspace)
    job = start_describing(workspace=cast.workspace, actor=cast.bob)
    assert job is not None
    cancel_job(job=job, actor=cast.bob)
    start_demo(workspace=cast.workspace, actor=cast.bob)
    job.refresh_from_db()
    assert can_retry(job)
