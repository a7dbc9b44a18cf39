"""A workspace goes into an archive, and comes out of it the same elsewhere."""

import io
import zipfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import Change, Membership, Role
from dashboard.files.store import paths, storage
from dashboard.jobs.runner import run_job
from dashboard.models import (
    Feature,
    Group,
    Image,
    Imported,
    Job,
    Label,
    RegionFeature,
    SimilarityType,
    Task,
    Version,
)
from dashboard.queries.training.evaluations import evaluations
from dashboard.queries.training.snapshots import kept_snapshot
from dashboard.services.exchange import exporting
from dashboard.services.exchange.transfers import delete_transfer
from dashboard.services.library.groups import add_images
from dashboard.services.library.images import delete_images
from dashboard.services.training import features
from dashboard.services.training.descriptors import describe
from dashboard.services.training.training import read_snapshot, start_training
from tests import factories
from tests.factories import Cast, drawn_jpeg
from tests.transfers import bring, export, fill, told, verifications


@pytest.fixture
def version(cast: Cast) -> Version:
    return fill(cast.workspace, cast.bob, cast.vera)


def test_it_works(cast: Cast, version: Version) -> None:
    transfer, data = export(cast.workspace, cast.ann)
    assert transfer.counts["images"] == 9
    assert transfer.counts["members"] == 16
    assert (transfer.size, transfer.counts["features"]) == (len(data), 9)
    assert transfer.counts["region_features"] == 1
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert (job.state, job.message) == (
        "done",
        "9 images, 8 groups, 1 task and 1 collection imported.",
    )
    assert told(cast.elsewhere) == told(cast.workspace)
    assert not {*_ids(cast, Image)[0]} & {*_ids(cast, Image)[1]}


def test_long_meta_data_goes_into_more_packs(
    cast: Cast, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PACK_META_DATA", 50)  # of two images, not of three
    _, data = export(cast.workspace, cast.ann)
    packs = [one for one in zipfile.ZipFile(io.BytesIO(data)).namelist() if "images/" in one]
    assert len(packs) == 5
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert job.state == "done"
    assert told(cast.elsewhere) == told(cast.workspace)


def _ids(cast: Cast, model: type) -> tuple[list[object], list[object]]:
    here, there = (
        list(model.objects.in_workspace(one).values_list("pk", flat=True))  # type: ignore[attr-defined]
        for one in (cast.workspace, cast.elsewhere)
    )
    return here, there


def test_the_same_descriptors(cast: Cast, version: Version) -> None:
    _, data = export(cast.workspace, cast.ann)
    bring(cast.elsewhere, data, cast.charlie)
    twin = Version.objects.in_workspace(cast.elsewhere).get()
    assert twin.task.production_version_id == twin.pk
    both = [
        np.stack([row[0] for row in describe(version=one, pictures_bytes=_pictures())])  # type: ignore[index]
        for one in (version, twin)
    ]
    assert np.abs(both[0] - both[1]).max() < 1e-5
    kind = SimilarityType.objects.in_workspace(cast.elsewhere).get(name="Same product")
    assert list(twin.metrics) == [str(kind.pk)]
    assert evaluations(twin) == evaluations(version)


def test_what_a_version_saw_is_told_by_the_new_ids(cast: Cast, version: Version) -> None:
    _, data = export(cast.workspace, cast.ann)
    bring(cast.elsewhere, data, cast.charlie)
    twin = Version.objects.in_workspace(cast.elsewhere).get()
    here, there = (kept_snapshot(one.task, read_snapshot(one)) for one in (version, twin))
    assert {image.sha256 for image in here.images.values()} == {
        image.sha256 for image in there.images.values()
    }
    assert {image.workspace_id for image in there.images.values()} == {cast.elsewhere.pk}
    groups = {member.group_id for rows in there.members.values() for member in rows}
    assert Group.objects.in_workspace(cast.elsewhere).filter(pk__in=groups).count() == len(groups)


def _pictures() -> list[bytes]:
    return [drawn_jpeg(seed) for seed in (0, 1, 77)]


def test_the_files_are_there_and_are_the_same(cast: Cast, version: Version) -> None:
    _, data = export(cast.workspace, cast.ann)
    bring(cast.elsewhere, data, cast.charlie)
    for image in Image.objects.in_workspace(cast.elsewhere):
        twin = Image.objects.in_workspace(cast.workspace).get(sha256=image.sha256)
        for one, other in (
            (paths.image(w.workspace_id, w.id, w.extension), paths.thumbnail(w.workspace_id, w.id))
            for w in (image, twin)
        ):
            assert storage.exists(one)
            assert storage.exists(other)
        assert storage.read(_file(image)) == storage.read(_file(twin))
    assert not list(storage.names(f"{cast.elsewhere.id}/uploads"))


def _file(image: Image) -> str:
    return paths.image(image.workspace_id, image.id, image.extension)


def test_nothing_is_looked_at_again(
    cast: Cast, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, data = export(cast.workspace, cast.ann)
    bring(cast.elsewhere, data, cast.charlie)

    def look(*_: object) -> None:
        raise AssertionError("it was looked at again")

    monkeypatch.setattr(features, "features_of_picture", look)
    task = Task.objects.in_workspace(cast.elsewhere).get()
    again, job = start_training(task=task, actor=cast.charlie)
    run_job(str(job.id))
    again.refresh_from_db()
    assert (again.status, again.number) == ("TRAINED", 2)
    assert not Job.objects.in_workspace(cast.elsewhere).filter(kind=Job.Kind.DESCRIBE).exists()


def test_features_of_other_pixels_stay_out(cast: Cast, version: Version) -> None:
    """A picture of the same upload may be stored in another size here."""
    _, data = export(cast.workspace, cast.ann)
    held = RegionFeature.objects.in_workspace(cast.workspace).get().image
    for seed in range(30):
        factories.make_image(cast.elsewhere, seed=seed)
    Image.objects.filter(workspace=cast.elsewhere, sha256=held.sha256).update(
        stored_sha256="0" * 64
    )
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert job.state == "done"
    assert not RegionFeature.objects.in_workspace(cast.elsewhere).exists()
    assert Feature.objects.in_workspace(cast.elsewhere).count() == 8


def test_an_archive_written_before_there_were_times(cast: Cast) -> None:
    """What format 1 did not say is as if it came now, in the order of the archive."""
    data = Path(__file__).with_name("workspace-format-1.zip").read_bytes()
    before = timezone.now()
    transfer, job = bring(cast.elsewhere, data, cast.charlie)
    assert (job.state, job.message) == (
        "done",
        "2 images, 3 groups, 1 task and 0 collections imported.",
    )
    found = told(cast.elsewhere)
    assert {noun: len(rows) for noun, rows in found.items() if rows} == {
        "images": 2,
        "types": 1,
        "labels": 1,
        "regions": 1,
        "groups": 3,
        "members": 2,
        "region members": 1,
        "nestings": 2,
        "tasks": 1,
    }
    groups = Group.objects.in_workspace(cast.elsewhere).order_by("created")
    assert [group.name for group in groups] == ["Red shoe", "Heels", "Family"]
    assert groups[0].created > before
    there = {noun: count for noun, count in transfer.counts.items() if noun != "elsewhere"}
    again = export(cast.elsewhere, cast.charlie)[0].counts
    assert again == there | {"region_features": 0, "verifications": 0}


def test_an_archive_written_before_types_were_folded(cast: Cast) -> None:
    data = Path(__file__).with_name("workspace-format-2.zip").read_bytes()
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert (job.state, job.message) == (
        "done",
        "2 images, 1 group, 1 task and 0 collections imported.",
    )
    kind = SimilarityType.objects.in_workspace(cast.elsewhere).get()
    assert (kind.fold_by, kind.created.date().isoformat()) == ("", "2026-11-30")


def test_what_is_yet_to_come_came_now(cast: Cast) -> None:
    factories.make_type(cast.workspace)
    later = timezone.now() + timedelta(days=9)
    SimilarityType.objects.update(created=later)
    _, data = export(cast.workspace, cast.ann)
    bring(cast.elsewhere, data, cast.charlie)
    twin = SimilarityType.objects.in_workspace(cast.elsewhere).get()
    assert twin.created < later - timedelta(days=8)


def test_a_label_keeps_its_time(cast: Cast, version: Version) -> None:
    _, data = export(cast.workspace, cast.ann)
    bring(cast.elsewhere, data, cast.charlie)
    times = Label.objects.filter(name="Heel").values_list("created", flat=True)
    assert (len(times), len(set(times))) == (2, 1)


def test_verifications_are_kept_of_members_only(cast: Cast, version: Version) -> None:
    _, data = export(cast.workspace, cast.ann)
    Membership.objects.create(workspace=cast.elsewhere, user=cast.bob, role=Role.EDITOR)
    bring(cast.elsewhere, data, cast.charlie)
    of_bob = [row for row in verifications(cast.workspace) if "bob@" in row]
    assert verifications(cast.elsewhere) == of_bob
    marked = Image.objects.in_workspace(cast.elsewhere).filter(verify_count=1)
    assert (len(of_bob), marked.count()) == (3, 3)
    assert not Group.objects.in_workspace(cast.elsewhere).filter(verify_count__gt=0).exists()


def test_images_that_are_there_are_used(cast: Cast, version: Version) -> None:
    _, data = export(cast.workspace, cast.ann)
    there = factories.make_image(cast.elsewhere, seed=0, file_name="mine.jpg")
    kind = factories.make_type(cast.elsewhere, "Same colour", exclusive=True)
    mine = factories.make_group(kind, "Mine")
    add_images(group=mine, ids=[there.id], actor=cast.charlie)
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert (job.state, job.done, job.skipped) == ("done", 8, 1)
    assert job.message.endswith(
        "1 image or region stays in the current group, because the type allows only one."
    )
    assert Image.objects.in_workspace(cast.elsewhere).present().count() == 9
    there.refresh_from_db()
    assert there.file_name == "mine.jpg"
    assert {row.group.name for row in there.group_rows.all()} == {"Mine", "Product 0"}
    assert SimilarityType.objects.in_workspace(cast.elsewhere).count() == 2
    kind.refresh_from_db()
    assert kind.groups_count == 1 + 4


def test_a_deleted_image_comes_back(cast: Cast, version: Version) -> None:
    _, data = export(cast.workspace, cast.ann)
    there = factories.make_image(cast.elsewhere, seed=0)
    delete_images(workspace=cast.elsewhere, ids=[there.id], actor=cast.charlie)
    before = there.created
    bring(cast.elsewhere, data, cast.charlie)
    there.refresh_from_db()
    # It comes now: it is no more of the upload that brought it first, nor goes with its undoing.
    assert (there.deleted, there.created > before) == (None, True)
    twin = Image.objects.get(workspace=cast.workspace, sha256=there.sha256)
    Image.objects.filter(pk=there.pk).update(created=twin.created)
    assert told(cast.elsewhere) == told(cast.workspace)


def test_a_type_of_another_kind_keeps_its_name(cast: Cast, version: Version) -> None:
    _, data = export(cast.workspace, cast.ann)
    factories.make_type(cast.elsewhere, "Same colour", exclusive=False)
    bring(cast.elsewhere, data, cast.charlie)
    names = SimilarityType.objects.in_workspace(cast.elsewhere).values_list("name", "exclusive")
    assert set(names) == {
        ("Same colour", False),
        ("Same colour (2)", True),
        ("Same product", False),
    }


def test_twice_into_one_workspace(cast: Cast, version: Version) -> None:
    """Images and types are joined, groups and tasks stand beside those that came first."""
    _, data = export(cast.workspace, cast.ann)
    bring(cast.elsewhere, data, cast.charlie)
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert (job.state, job.skipped) == ("done", 9)
    assert Image.objects.in_workspace(cast.elsewhere).count() == 9
    assert Group.objects.in_workspace(cast.elsewhere).count() == 16
    assert SimilarityType.objects.in_workspace(cast.elsewhere).count() == 2
    assert Version.objects.in_workspace(cast.elsewhere).count() == 2


def test_two_types_of_one_name_stay_two(cast: Cast) -> None:
    for number in range(2):
        factories.make_group(factories.make_type(cast.workspace, "Alike"), f"Group {number}")
    _, data = export(cast.workspace, cast.ann)
    bring(cast.elsewhere, data, cast.charlie)
    assert told(cast.elsewhere) == told(cast.workspace)


def test_an_empty_workspace(cast: Cast) -> None:
    _, data = export(cast.workspace, cast.ann)
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert job.state == "done"
    assert told(cast.elsewhere) == told(cast.workspace)


def test_into_the_workspace_itself(cast: Cast, version: Version) -> None:
    _, data = export(cast.workspace, cast.ann)
    before = told(cast.workspace)
    _, job = bring(cast.workspace, data, cast.ann)
    assert job.state == "done"
    after = told(cast.workspace)
    assert (after["images"], after["features"]) == (before["images"], before["features"])
    assert len(after["groups"]) == 2 * len(before["groups"])


def test_without_features_they_are_computed(cast: Cast) -> None:
    factories.make_image(cast.workspace)
    _, data = export(cast.workspace, cast.ann)
    bring(cast.elsewhere, data, cast.charlie)
    waiting = Job.objects.in_workspace(cast.elsewhere).get(kind=Job.Kind.DESCRIBE)
    assert waiting.state == Job.State.QUEUED
    assert not Feature.objects.in_workspace(cast.elsewhere).exists()


def test_it_is_told(cast: Cast) -> None:
    _, data = export(cast.workspace, cast.ann)
    bring(cast.elsewhere, data, cast.charlie)
    of_workspaces = Change.objects.filter(noun="workspace").order_by("id")
    verbs = [
        list(of_workspaces.filter(workspace=one).values_list("verb", flat=True))[1:]
        for one in (cast.workspace, cast.elsewhere)
    ]
    assert verbs == [["started to export", "exported"], ["imported"]]


def test_deleting_removes_the_file(cast: Cast, django_capture_on_commit_callbacks: object) -> None:
    transfer, _ = export(cast.workspace, cast.ann)
    path = transfer.path
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        delete_transfer(transfer=transfer, actor=cast.ann)
    assert not storage.exists(path)
    assert not Imported.objects.exists()
