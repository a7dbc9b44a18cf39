"""The doctor finds what faults leave behind, mends what can be mended, and harms nothing else."""

import os
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from accounts.models import Workspace
from dashboard.engine.prior import BUILTIN
from dashboard.files.store import paths, storage
from dashboard.models import (
    AsyncRequest,
    Encoder,
    Extraction,
    Group,
    Image,
    Job,
    Transfer,
    Upload,
    Version,
)
from dashboard.queries.doctor import doctor as queries
from dashboard.services.doctor.temporary import remove_temporary
from dashboard.services.library.images import delete_images
from dashboard.services.library.members import IMAGES, place
from dashboard.services.training.speeds import shipped_row
from tests.factories import (
    Cast,
    make_collection,
    make_described_version,
    make_group,
    make_image,
    make_job,
    make_records,
    make_request,
    make_task,
    make_type,
    make_version,
)
from tests.services.doctor.examined import everything, found, mended_once, names, sent_part

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def image(workspace: Workspace) -> Image:
    return make_image(workspace)


@pytest.fixture
def everything_there_is(workspace: Workspace, cast: Cast) -> None:
    """Make one of each thing that has files or is counted, as the program makes them."""
    images = [make_image(workspace, seed) for seed in range(3)]
    group = make_group(make_type(workspace))
    with transaction.atomic():
        place(IMAGES, [(group, image) for image in images])
    collection = make_collection(workspace)
    make_records(collection, "a", "b")
    version = collection.version
    folder = paths.version(workspace.pk, version.task_id, version.number)
    for name in ("heads.npz", "manifest.json"):
        storage.write(f"{folder}/{name}", storage.read(f"{version.artifact}/{name}"))
        storage.delete(f"{version.artifact}/{name}")
    Version.objects.filter(pk=version.pk).update(artifact=folder)
    extraction = Extraction.objects.create(workspace=workspace, version=version, format="csv")
    extraction.path = paths.extraction(workspace.pk, extraction.pk, "csv")
    extraction.save()
    storage.write(extraction.path, b"1,2")
    request = make_request(workspace)
    storage.write(paths.async_pictures(workspace.pk, request.pk), b"pictures")
    sent_part(workspace)


# What is right stays


@pytest.mark.usefixtures("everything_there_is")
def test_nothing_is_found_where_nothing_is_wrong() -> None:
    before = names()
    assert found() == []
    assert found(mend=True) == []
    assert names() == before


def test_an_empty_installation(cast: Cast) -> None:
    assert found() == []


# Images


def test_files_that_no_image_has(workspace: Workspace, image: Image) -> None:
    kept = names()
    storage.write(paths.image(workspace.pk, uuid.uuid4(), "jpg"), b"x")
    assert found() == [("image", False)]
    mended_once("image")
    storage.write(paths.thumbnail(workspace.pk, uuid.uuid4()), b"x")
    mended_once("thumbnail")
    storage.write(paths.image(workspace.pk, image.pk, "png"), b"x")
    mended_once("image")
    assert names() == kept


def test_the_last_step_of_a_deletion(
    workspace: Workspace, image: Image, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after the commit: the rows are gone, the files are not."""
    other = make_image(workspace, 1)
    delete_images(workspace=workspace, ids=[image.pk], actor=cast.bob)
    assert found() == [("image", False), ("thumbnail", False)]
    assert found(mend=True) == [("image", True), ("thumbnail", True)]
    assert names() == {
        paths.image(workspace.pk, other.pk, "jpg"),
        paths.thumbnail(workspace.pk, other.pk),
    }


def test_an_image_that_comes_back_meanwhile_keeps_its_files(
    workspace: Workspace, image: Image, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete_images(workspace=workspace, ids=[image.pk], actor=cast.bob)
    spares = queries.busy_since

    def comes_back(workspace_id: uuid.UUID) -> Any:
        if Image.objects.filter(pk=image.pk, deleted__isnull=False).exists():
            make_image(workspace)
        return spares(workspace_id)

    monkeypatch.setattr("dashboard.services.doctor.round.busy_since", comes_back)
    everything(mend=True)
    assert storage.exists(paths.image(workspace.pk, image.pk, "jpg"))
    assert storage.exists(paths.thumbnail(workspace.pk, image.pk))


@pytest.mark.parametrize("damage", ["gone", "empty"])
def test_an_image_whose_file_is_gone_is_told_and_left(
    workspace: Workspace, image: Image, cast: Cast, damage: str
) -> None:
    path = paths.image(workspace.pk, image.pk, "jpg")
    storage.delete(path) if damage == "gone" else storage.write(path, b"")
    assert found(mend=True) == [("image", False)]
    (finding,) = everything()
    assert str(image.pk) in finding.name
    # What the sentence advises helps.
    delete_images(workspace=workspace, ids=[image.pk], actor=cast.bob)
    everything(mend=True)
    assert make_image(workspace).pk == image.pk
    assert found() == []


@pytest.mark.parametrize("damage", ["gone", "empty"])
def test_a_thumbnail_is_made_anew(workspace: Workspace, image: Image, damage: str) -> None:
    path = paths.thumbnail(workspace.pk, image.pk)
    before = storage.read(path)
    storage.delete(path) if damage == "gone" else storage.write(path, b"")
    mended_once("thumbnail")
    assert len(storage.read(path)) == pytest.approx(len(before), rel=0.2)


def test_a_thumbnail_of_an_image_that_is_gone_too(workspace: Workspace, image: Image) -> None:
    storage.delete_all(paths.workspace(workspace.pk))
    assert found(mend=True) == [("image", False), ("thumbnail", False)]


# What is left alone


def test_what_is_young_is_left_alone(workspace: Workspace, image: Image) -> None:
    storage.write(paths.image(workspace.pk, uuid.uuid4(), "jpg"), b"x")
    storage.delete(paths.thumbnail(workspace.pk, image.pk))
    make_job(workspace)
    assert found(mend=True, older_than=60) == []


def test_what_a_job_may_be_at_is_left_alone(workspace: Workspace) -> None:
    job = make_job(workspace, created=timezone.now() - timedelta(seconds=5))
    storage.write(paths.image(workspace.pk, uuid.uuid4(), "jpg"), b"x")
    storage.write(paths.upload_part(workspace.pk, job.subject_id, "0"), b"x")
    assert found(mend=True) == []
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, finished=timezone.now())
    assert found() == [("image", False), ("upload", False)]


def test_what_a_job_found_is_not_what_it_made(workspace: Workspace) -> None:
    name = paths.image(workspace.pk, uuid.uuid4(), "jpg")
    storage.write(name, b"x")
    make_job(workspace, created=timezone.now() + timedelta(seconds=5))
    assert found(mend=True) == [("image", True)]


def test_a_workspace_that_is_being_removed_is_left_alone(
    workspace: Workspace, image: Image
) -> None:
    storage.delete_all(paths.workspace(workspace.pk))
    make_job(workspace, kind=Job.Kind.CLOSE)
    assert found(mend=True) == []


def test_files_of_others_are_left_alone(workspace: Workspace) -> None:
    strangers = {"notes.txt", "lost+found/1", f"{workspace.pk}/notes/1.txt"}
    for name in strangers:
        storage.write(name, b"x")
    assert [finding.noun for finding in everything(mend=True)] == ["file"] * 3
    assert names() == strangers


@pytest.mark.django_db
def test_what_a_workspace_left_that_is_gone() -> None:
    storage.write(paths.image(uuid.uuid4(), uuid.uuid4(), "jpg"), b"x")
    storage.write(f"{uuid.uuid4()}/images/no-image.jpg", b"x")
    assert sorted(found()) == [("image", False), ("image", False)]


# Uploads, results, versions, encoders


def test_uploads(workspace: Workspace) -> None:
    chunk = sent_part(workspace)
    storage.write(f"{chunk.part.path}/4-def", b"a second try, which lost")
    mended_once("upload")
    storage.write(paths.upload_part(workspace.pk, uuid.uuid4(), "000000"), b"x")
    mended_once("upload")
    assert names() == {chunk.path}
    storage.delete(chunk.path)
    assert found(mend=True) == [("upload", False)]
    Upload.objects.all().delete()  # beside the program, which counts what it deletes
    mended_once("usage")


def test_extractions(workspace: Workspace) -> None:
    version = make_described_version(make_task(workspace), artifact=version_folder(workspace))
    row = Extraction.objects.create(workspace=workspace, version=version, format="csv")
    path = paths.extraction(workspace.pk, row.pk, "csv")
    storage.write(path, b"half a run")
    Version.objects.update(trained=timezone.now() + timedelta(days=1))
    Version.objects.all()
    assert ("extraction", False) in found()
    assert ("extraction", True) in found(mend=True)
    Extraction.objects.update(path=path, size=3, modified=timezone.now() - timedelta(days=1))
    assert ("extraction", True) in found(mend=True)
    row.refresh_from_db()
    assert (row.path, row.size) == ("", 0)


def version_folder(workspace: Workspace) -> str:
    return paths.version(workspace.pk, uuid.uuid4(), 1)


def test_exports(workspace: Workspace) -> None:
    row = Transfer.objects.create(workspace=workspace, direction=Transfer.Direction.EXPORT)
    path = f"{workspace.pk}/transfers/{row.pk.hex[:2]}/{row.pk}.zip"
    storage.write(path, b"half a run")
    mended_once("export")
    Transfer.objects.update(path=path, size=3)
    mended_once("export")


def test_pictures_of_requests(workspace: Workspace) -> None:
    request: AsyncRequest = make_request(workspace)
    storage.write(paths.async_pictures(workspace.pk, request.pk), b"x")
    Job.objects.update(created=timezone.now() + timedelta(seconds=5))
    assert found() == []
    Job.objects.update(state=Job.State.DONE, finished=timezone.now())
    mended_once("request")
    storage.write(paths.async_pictures(workspace.pk, uuid.uuid4()), b"x")
    mended_once("request")


def test_versions(workspace: Workspace) -> None:
    task = make_task(workspace)
    storage.write(f"{paths.version(workspace.pk, task.pk, 1)}/heads.npz", b"x")
    mended_once("version")
    version = make_version(task, status=Version.Status.ERROR, artifact="")
    storage.write(f"{paths.version(workspace.pk, task.pk, 1)}/heads.npz", b"x")
    mended_once("version")
    Version.objects.filter(pk=version.pk).update(
        status=Version.Status.TRAINED, artifact=paths.version(workspace.pk, task.pk, 1)
    )
    assert found(mend=True) == [("version", False)]


@pytest.mark.django_db
def test_a_shipped_encoder_needs_no_files() -> None:
    shipped_row(BUILTIN)
    assert found() == []


@pytest.mark.django_db
def test_encoders() -> None:
    storage.write("encoders/abc/graph.onnx", b"x")
    mended_once("encoder")
    row = Encoder.objects.create(
        key="abc", name="Mine", state="ready", dimension=8, seconds=0.1, file_size=1
    )
    assert found(mend=True) == [("encoder", False)]
    for name in ("graph.onnx", "arrays.npz", "manifest.json"):
        storage.write(f"encoders/abc/{name}", b"x")
    assert found() == []
    Encoder.objects.filter(pk=row.pk).update(state="preparing")
    mended_once("encoder")
    row.refresh_from_db()
    assert row.state == "failed"


# Temporary files


def test_temporary_files(tmp_path: Path, settings: Any, db: None) -> None:
    aside: Path = settings.FILE_UPLOAD_TEMP_DIR
    old, young = aside / "old/result", aside / "young/result"
    unfinished = tmp_path / "files/.unfinished/half"
    for path in (old, young, unfinished):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"half")
    for path in (old, old.parent, unfinished, young.parent):
        os.utime(path, (time.time() - 7200,) * 2)
    assert found(older_than=3600) == [("temporary", False)] * 2
    assert found(mend=True, older_than=3600) == [("temporary", True)] * 2
    assert not old.parent.exists()
    assert not unfinished.exists()
    assert young.exists()
    os.utime(young, (time.time() - 7200,) * 2)
    assert remove_temporary(older_than=3600) == 1
    assert not young.parent.exists()


# The command


def test_the_command(
    workspace: Workspace, image: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("doctor")
    assert capsys.readouterr().out == "Everything is in order.\n"
    storage.delete(paths.thumbnail(workspace.pk, image.pk))
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--older-than", "0")
    assert ended.value.code == 1
    assert "1 found, 0 fixed, 1 left: doctor --fix" in capsys.readouterr().out
    call_command("doctor", "--older-than", "0", "--fix")
    out = capsys.readouterr().out
    assert f"thumbnail: {image.pk} 0.jpg: It was missing. It was made again. [fixed]" in out
    assert "1 found, 1 fixed, 0 left." in out
    with pytest.raises(CommandError):
        call_command("doctor", "--older-than", "-1")


# How it reads


def test_pages_of_rows(workspace: Workspace) -> None:
    made = {make_job(workspace).pk for _ in range(7)}
    for size in (1, 3, 7, 8):
        assert [row.pk for row in queries.in_pages(Job.objects.all(), size)] == sorted(made)


def test_counters_are_read_in_pages(workspace: Workspace) -> None:
    kind = make_type(workspace)
    groups = [make_group(kind, f"Group {number}") for number in range(5)]
    Group.objects.exclude(pk=groups[0].pk).update(images_count=3)
    assert {row.pk for row in queries.COUNTED[0].wrong(size=2)} == {row.pk for row in groups[1:]}


@pytest.mark.usefixtures("everything_there_is")
def test_queries_do_not_grow_with_the_images(
    workspace: Workspace, django_assert_max_num_queries: Any
) -> None:
    for seed in range(10, 30):
        make_image(workspace, seed)
    with django_assert_max_num_queries(70):
        assert found() == []
