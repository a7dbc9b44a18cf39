"""An upload is undone as a whole: what came with it goes, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Change
from dashboard.files.store import storage
from dashboard.models import Group, GroupImage, Image, Job, SimilarityType, Upload
from dashboard.queries.uploads.undo import undo_forecast
from dashboard.services.errors import NothingToRetry, StillUnderWay
from dashboard.services.extractions.extractions import start_extraction
from dashboard.services.jobs import jobs
from dashboard.services.jobs.retries import retry_job
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.library.groups import add_images
from dashboard.services.library.images import delete_images
from dashboard.services.search.fills import start_fill
from dashboard.services.training.tasks import add_type
from dashboard.services.uploads import batches as upload_batches
from dashboard.services.uploads import undo as upload_undo
from dashboard.services.uploads.errors import WrongStage
from dashboard.services.uploads.undo import undo_upload
from dashboard.services.uploads.uploads import commit_upload, retry_upload
from tests.factories import (
    Cast,
    drawn_jpeg,
    make_collection,
    make_described_version,
    make_group,
    make_image,
    make_task,
    make_type,
    make_upload,
)
from tests.services.uploads.uploaded import (
    SHOES,
    add_part,
    committed,
    image_files,
    planned,
    ran,
    received,
    undone,
    zipped,
)

MANY = {f"all/{seed % 3}/{seed}.jpg": drawn_jpeg(seed) for seed in range(10, 30)}


def brought_in(cast: Cast, files: dict[str, bytes] = SHOES, **fields: object) -> Upload:
    upload = received(cast, {"shoes.zip": zipped(files)}, **fields)
    planned(upload)
    committed(upload)
    return upload


def groups(cast: Cast) -> dict[str, int]:
    return dict(Group.objects.in_workspace(cast.workspace).values_list("name", "images_count"))


def test_it_works(cast: Cast) -> None:
    upload = brought_in(cast, new_type_name="Same shoe")
    assert len(image_files(cast)) == 6
    job = undone(upload)
    assert (job.state, job.message) == (
        Job.State.DONE,
        "Removed: 3 files, 2 groups, 1 type.",
    )
    assert (upload.stage, upload.undone_by) == (Upload.Stage.UNDONE, cast.bob)
    assert upload.undone is not None
    assert Image.objects.present().count() == Group.objects.count() == 0
    assert not SimilarityType.objects.exists()
    assert image_files(cast) == []
    told = Change.objects.get(verb="undid")
    assert (told.noun, told.target_id, told.actor) == ("files", upload.pk, cast.bob)
    assert not Change.objects.filter(verb="deleted").exists()


def test_what_was_known_stays_where_it_was(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    red, blue = make_group(kind, "red"), make_group(kind, "blue")
    first, third = make_image(cast.workspace, seed=1), make_image(cast.workspace, seed=3)
    add_images(group=red, ids=[first.id], actor=cast.bob)
    upload = brought_in(cast, similarity_type=kind)
    assert groups(cast) == {"red": 2, "blue": 1}
    assert undone(upload).message == "Removed: 3 files."
    assert groups(cast) == {"red": 1, "blue": 0}
    assert set(Image.objects.present()) == {first, third}
    assert [*GroupImage.objects.values_list("group", "image")] == [(red.pk, first.pk)]
    kind.refresh_from_db()
    assert kind.groups_count == 2
    assert blue in Group.objects.all()
    assert len(image_files(cast)) == 4


def test_groups_and_types_that_hold_something_else_stay(cast: Cast) -> None:
    upload = brought_in(cast, new_type_name="Same shoe")
    mine = make_image(cast.workspace, seed=9)
    add_images(group=Group.objects.get(name="red"), ids=[mine.id], actor=cast.bob)
    assert undone(upload).message == "Removed: 3 files, 1 group."
    assert groups(cast) == {"red": 1}
    assert SimilarityType.objects.get().groups_count == 1


def test_a_type_that_a_task_learns_stays(cast: Cast) -> None:
    upload = brought_in(cast, new_type_name="Same shoe")
    task = make_task(cast.workspace)
    add_type(task=task, similarity_type=SimilarityType.objects.get(), actor=cast.bob)
    undone(upload)
    assert SimilarityType.objects.get().groups_count == 0


def test_images_that_others_grouped_since_are_counted_first(cast: Cast) -> None:
    upload = brought_in(cast, new_type_name="Same shoe")
    other = make_group(make_type(cast.workspace, "Colour"), "warm")
    ids = Image.objects.values_list("pk", flat=True)[:2]
    add_images(group=other, ids=ids, actor=cast.ann)
    forecast = undo_forecast(upload)
    assert (forecast.images, forecast.memberships, forecast.elsewhere) == (3, 0, 2)
    undone(upload)
    other.refresh_from_db()
    assert other.images_count == 0


def test_an_image_that_was_sent_again_since_stays(
    cast: Cast, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    upload = brought_in(cast)
    ids = [*Image.objects.values_list("pk", flat=True)]
    with django_capture_on_commit_callbacks(execute=True):
        delete_images(workspace=cast.workspace, ids=ids, actor=cast.ann)
    make_image(cast.workspace, seed=2)
    undone(upload)
    assert Image.objects.present().count() == 1
    assert len(image_files(cast)) == 2


def test_what_an_upload_brought_in_before_it_was_cancelled(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_batches, "FILES_PER_BATCH", 5)
    upload = received(cast, {"all.zip": zipped(MANY)}, new_type_name="Same shoe")
    planned(upload)
    job = commit_upload(upload=upload, actor=cast.bob)
    whole = jobs.Handle.report

    def cancel(handle: jobs.Handle, **fields: object) -> None:
        if fields.get("done"):
            Job.objects.filter(pk=job.pk).update(cancel_requested=True)
        whole(handle, **fields)

    with monkeypatch.context() as patch:
        patch.setattr(jobs.Handle, "report", cancel)
        assert ran(job).state == Job.State.CANCELLED
    assert Image.objects.count() == 5
    assert undone(upload).message == "Removed: 5 files, 3 groups, 1 type."
    assert image_files(cast) == []
    with pytest.raises(NothingToRetry):
        retry_upload(upload=upload, actor=cast.bob)


@pytest.mark.parametrize("step", range(1, 9))
def test_after_a_kill_it_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    monkeypatch.setattr(upload_undo, "ROWS_PER_BATCH", 5)
    upload = brought_in(cast, MANY, new_type_name="Same shoe")
    job = undo_upload(upload=upload, actor=cast.bob)
    whole, calls = jobs.Handle.report, []

    def die(handle: jobs.Handle, **fields: object) -> None:
        whole(handle, **fields)
        calls.append(fields)
        if len(calls) == step:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(jobs.Handle, "report", die)
        with pytest.raises(KeyboardInterrupt):
            ran(job)
    left = Image.objects.present().count()
    assert left == 20 - 5 * (step // 2)
    assert sum(groups(cast).values()) == left
    assert ran(job).message == "Removed: 20 files, 3 groups, 1 type."
    assert (Image.objects.present().count(), Group.objects.count()) == (0, 0)
    assert not SimilarityType.objects.exists()
    assert image_files(cast) == []
    assert Change.objects.filter(verb="undid").count() == 1


def test_killed_before_the_job_ends_it_is_told_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = brought_in(cast, new_type_name="Same shoe")
    job = undo_upload(upload=upload, actor=cast.bob)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "end", die)
        with pytest.raises(KeyboardInterrupt):
            ran(job)
    assert ran(job).message == "Removed: 3 files, 2 groups, 1 type."
    assert Change.objects.get(verb="undid").count == 3
    assert Upload.objects.get(pk=upload.pk).stage == Upload.Stage.UNDONE


def test_a_lost_lease_takes_nothing_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = brought_in(cast)
    job = undo_upload(upload=upload, actor=cast.bob)
    whole = upload_undo.discard_images

    def lose_the_lease(images):
        Job.objects.filter(pk=job.pk).update(owner="another")
        return whole(images)

    monkeypatch.setattr(upload_undo, "discard_images", lose_the_lease)
    ran(job)
    assert Image.objects.present().count() == 3
    assert len(image_files(cast)) == 6


def test_a_cancelled_undoing_can_be_tried_again(cast: Cast) -> None:
    upload = brought_in(cast)
    job = undo_upload(upload=upload, actor=cast.bob)
    cancel_job(job=job, actor=cast.bob)
    upload.refresh_from_db()
    assert upload.stage == Upload.Stage.COMMITTED
    job.refresh_from_db()
    assert ran(retry_job(job=job, actor=cast.bob)).message == "Removed: 3 files."


def test_it_is_refused_before_and_after_and_meanwhile(cast: Cast) -> None:
    upload = received(cast, {"shoes.zip": zipped(SHOES)})
    with pytest.raises(WrongStage):
        undo_upload(upload=upload, actor=cast.bob)
    planned(upload)
    job = commit_upload(upload=upload, actor=cast.bob)
    with pytest.raises(StillUnderWay):
        undo_upload(upload=upload, actor=cast.bob)
    ran(job)
    undo_upload(upload=upload, actor=cast.bob)
    with pytest.raises(StillUnderWay):
        undo_upload(upload=upload, actor=cast.bob)


@pytest.mark.parametrize("purpose", [Upload.Purpose.WORKSPACE, Upload.Purpose.DESCRIBE])
def test_only_what_brought_images_in_is_undone(
    cast: Cast, bob_client: Client, purpose: str
) -> None:
    """Its job is about something else, so it would not seem busy, and its bytes would go."""
    upload = make_upload(cast.workspace, purpose=purpose, created_by=cast.ann)
    part = add_part(upload, "workspace.zip", b"its bytes")
    with pytest.raises(WrongStage):
        undo_upload(upload=upload, actor=cast.bob)
    bob_client.post(f"/uploads/{upload.pk}/undo")
    assert not Job.objects.filter(kind=Job.Kind.UNDO).exists()
    assert storage.names(part.path)


def test_what_was_under_way_on_a_type_that_goes_ends_with_it(cast: Cast) -> None:
    upload = brought_in(cast, new_type_name="Same shoe")
    kind = SimilarityType.objects.get()
    version = make_described_version(make_task(cast.workspace))
    extraction = start_extraction(
        workspace=cast.workspace,
        version=version,
        file_format="csv",
        similarity_type=kind,
        actor=cast.vera,
    )[1]
    fill = start_fill(
        collection=make_collection(cast.workspace), similarity_type=kind, actor=cast.bob
    )
    undone(upload)
    for job in (extraction, fill):
        job.refresh_from_db()
        assert (job.state, job.message) == (Job.State.CANCELLED, "It was deleted.")
