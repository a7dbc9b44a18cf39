"""A training makes the next version, honestly measured, whole or not at all."""

import json

import numpy as np
import pytest
from PIL import Image as Pillow

from dashboard import runtime
from dashboard.files.store import paths, storage
from dashboard.jobs.runner import run_job
from dashboard.models import Feature, Group, GroupNesting, Image, Job, SimilarityType, Task, Version
from dashboard.queries.training.snapshots import snapshot
from dashboard.services.errors import NoSuchVersion, NotReady, NotTrained, TrainingAlreadyRunning
from dashboard.services.jobs import jobs
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.library.groups import add_images
from dashboard.services.library.images import change_image, delete_images
from dashboard.services.training import training
from dashboard.services.training.descriptors import describe, version_to_use
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from tests.factories import Cast, drawn_jpeg, make_group, make_image, make_task, make_type


@pytest.fixture
def kind(cast: Cast) -> SimilarityType:
    """Make a type with three groups of three pictures."""
    similarity_type = make_type(cast.workspace)
    for number in range(3):
        group = make_group(similarity_type, f"Group {number}")
        images = [make_image(cast.workspace, seed=10 * number + i) for i in range(3)]
        add_images(group=group, ids=[image.id for image in images], actor=cast.bob)
    return similarity_type


@pytest.fixture
def task(cast: Cast, kind: SimilarityType) -> Task:
    made = make_task(cast.workspace)
    add_type(task=made, similarity_type=kind, actor=cast.bob)
    return made


def trained(task: Task, cast: Cast) -> tuple[Version, Job]:
    version, job = start_training(task=task, actor=cast.bob)
    run_job(str(job.id))
    version.refresh_from_db()
    job.refresh_from_db()
    return version, job


def test_it_works(task: Task, kind: SimilarityType, cast: Cast) -> None:
    version, job = trained(task, cast)
    assert (version.status, version.number, job.state) == ("TRAINED", 1, "done")
    report = version.metrics[str(kind.id)]
    assert report["groups"] == 3
    assert not report["verdict"]["better"]
    assert "oo few groups" in report["verdict"]["sentence"]
    assert version.detail == f"{kind.name}: {report['verdict']['sentence']}"
    assert Feature.objects.count() == 9
    model = runtime.version(version.id, version.artifact, version.encoder)
    assert model.dimension == version.dimension


def test_each_training_is_the_next_version(task: Task, cast: Cast) -> None:
    first, _ = trained(task, cast)
    second, _ = trained(task, cast)
    assert (first.number, second.number) == (1, 2)
    assert first.artifact != second.artifact


def test_features_are_computed_once(
    task: Task, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(task, cast)
    calls: list[bytes] = []
    whole = training.ensure_features.__globals__["features_of_bytes"]

    def count(encoder, data):
        calls.append(data)
        return whole(encoder, data)

    monkeypatch.setattr("dashboard.services.training.features.features_of_bytes", count)
    trained(task, cast)
    assert calls == []


def test_what_it_saw_is_kept(task: Task, kind: SimilarityType, cast: Cast) -> None:
    version, _ = trained(task, cast)
    kept = json.loads(storage.read(f"{version.artifact}/snapshot.json"))
    assert len(kept["types"][str(kind.id)]) == 9
    image = Image.objects.first()
    assert image is not None
    assert kept["images"][str(image.id)] == image.stored_sha256


def test_marked_images_and_groups_are_held_out(
    task: Task, kind: SimilarityType, cast: Cast
) -> None:
    Group.objects.filter(name="Group 2").update(test_group=True)
    marked = Group.objects.get(name="Group 0").image_rows.first()
    assert marked is not None
    change_image(image=marked.image, changes={"test_image": True}, actor=cast.bob)
    members = snapshot(task).members[kind]
    assert sum(member.held_out for member in members) == 4


def test_a_deleted_image_teaches_nothing(task: Task, kind: SimilarityType, cast: Cast) -> None:
    image = Image.objects.first()
    assert image is not None
    delete_images(workspace=cast.workspace, ids=[image.id], actor=cast.bob)
    assert len(snapshot(task).members[kind]) == 8


def test_a_group_of_groups_of_another_type_is_a_group(
    task: Task, kind: SimilarityType, cast: Cast
) -> None:
    family = make_type(cast.workspace, "Same family")
    add_type(task=task, similarity_type=family, actor=cast.bob)
    for name, below in (("A", ["Group 0", "Group 1"]), ("B", ["Group 2"])):
        above = make_group(family, name)
        for child in Group.objects.filter(name__in=below):
            GroupNesting.objects.create(parent=above, child=child)
        Group.objects.filter(pk=above.pk).update(groups_count=len(below))
    folder = make_group(kind, "Folder")
    GroupNesting.objects.create(parent=folder, child=Group.objects.get(name="Group 0"))
    Group.objects.filter(pk=folder.pk).update(groups_count=1)
    seen = snapshot(task)
    sizes = [
        len([m for m in seen.members[family] if m.group_id == g.id])
        for g in family.groups.order_by("name")
    ]
    assert sizes == [6, 3]
    assert {member.group_id for member in seen.members[kind]}.isdisjoint({folder.id})


def test_a_task_without_a_type(cast: Cast) -> None:
    with pytest.raises(NotReady, match="Add one first"):
        start_training(task=make_task(cast.workspace), actor=cast.bob)
    assert Version.objects.count() == 0


def test_too_little_data_says_which_type_lacks_what(task: Task, cast: Cast) -> None:
    empty = make_type(cast.workspace, "Same pattern")
    add_type(task=task, similarity_type=empty, actor=cast.bob)
    with pytest.raises(NotReady, match="“Same pattern” has 0 of the 2 groups"):
        start_training(task=task, actor=cast.bob)


def test_data_that_is_all_held_out_fails_with_a_sentence(task: Task, cast: Cast) -> None:
    Image.objects.update(test_image=True)
    version, job = trained(task, cast)
    assert (version.status, job.state) == ("ERROR", "failed")
    assert "has 0 of at least 2 groups" in version.detail
    assert job.message == version.detail


def test_one_at_a_time(task: Task, cast: Cast) -> None:
    version, _ = start_training(task=task, actor=cast.bob)
    with pytest.raises(TrainingAlreadyRunning) as refusal:
        start_training(task=task, actor=cast.bob)
    assert refusal.value.version == version


def test_cancel_frees_the_task(task: Task, cast: Cast) -> None:
    version, job = start_training(task=task, actor=cast.bob)
    cancel_job(job=job, actor=cast.bob)
    version.refresh_from_db()
    assert version.status == "CANCELLED"
    assert trained(task, cast)[0].number == 2


def test_a_kill_before_the_end_makes_one_version(
    task: Task, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, job = start_training(task=task, actor=cast.bob)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "end", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run_job(str(job.id))
    version.refresh_from_db()
    assert version.status == "TRAINED"
    first = version.trained
    run_job(str(job.id))
    version.refresh_from_db()
    job.refresh_from_db()
    assert (job.state, version.trained) == ("done", first)


def test_descriptors_of_equal_pixels_are_equal(task: Task, cast: Cast) -> None:
    version, _ = trained(task, cast)
    image = Image.objects.first()
    assert image is not None
    data = storage.read(paths.image(cast.workspace.id, image.id, image.extension))
    (row, width, height), (other, _, _) = describe(  # type: ignore[misc]
        version=version, pictures_bytes=[data, drawn_jpeg(99)]
    )
    (alone, _, _) = describe(version=version, pictures_bytes=[data])[0]  # type: ignore[misc]
    feature = np.frombuffer(Feature.objects.get(image=image).vector, "<f2")
    cached = runtime.version(version.id, version.artifact, version.encoder).describe(feature[None])[
        0
    ]
    assert (width, height) == (image.width, image.height)
    assert np.abs(row - alone).max() < 1e-5
    assert np.abs(row - cached).max() < 1e-5
    assert np.abs(np.linalg.norm(row) - 1) < 1e-5
    assert row @ other < 0.999


def test_a_picture_that_cannot_be_read_fails_alone(task: Task, cast: Cast) -> None:
    version, _ = trained(task, cast)
    good, bad = describe(version=version, pictures_bytes=[drawn_jpeg(1), b"hello"])
    assert isinstance(good, tuple)
    assert isinstance(bad, Exception)


def test_which_version_is_used(task: Task, cast: Cast) -> None:
    with pytest.raises(NotTrained):
        version_to_use(task=task, number=None)
    first, _ = trained(task, cast)
    second, _ = trained(task, cast)
    assert version_to_use(task=task, number=None) == second
    assert version_to_use(task=task, number=1) == first
    task.production_version = first
    task.save()
    assert version_to_use(task=task, number=None) == first
    with pytest.raises(NoSuchVersion):
        version_to_use(task=task, number=3)


def test_equal_pictures_in_other_formats(task: Task, cast: Cast) -> None:
    version, _ = trained(task, cast)
    picture = Pillow.effect_noise((90, 70), 60).convert("RGB")
    rows = describe(
        version=version,
        pictures_bytes=[_saved(picture, form) for form in ("PNG", "BMP", "TIFF", "WEBP")],
    )
    vectors = np.stack([row[0] for row in rows if isinstance(row, tuple)])
    assert len(vectors) == 4
    assert np.ptp(vectors, axis=0).max() < 1e-5


def _saved(picture: Pillow.Image, form: str) -> bytes:
    from io import BytesIO

    stream = BytesIO()
    picture.save(stream, form, **({"lossless": True} if form == "WEBP" else {}))
    return stream.getvalue()
