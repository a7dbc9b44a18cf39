"""Files that were sent become images in groups, each with what became of it."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import pytest

from accounts.models import Change
from dashboard.files.store import paths, storage
from dashboard.jobs.runner import run_job
from dashboard.models import Group, GroupImage, Image, Job, SimilarityType, Upload
from dashboard.services.jobs import jobs
from dashboard.services.library import images
from dashboard.services.library.images import delete_images
from dashboard.services.uploads import batches as upload_batches
from dashboard.services.uploads.errors import NothingToUpload
from dashboard.services.uploads.uploads import SentFile, start_upload
from tests.factories import Cast, drawn_jpeg, make_group, make_image, make_type


def packed(files: Mapping[str, bytes]) -> SentFile:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    stream.seek(0)
    return SentFile("shoes.zip", len(stream.getvalue()), stream)


def loose(name: str, data: bytes) -> SentFile:
    return SentFile(name, len(data), io.BytesIO(data))


def sent(
    cast: Cast, *files: SentFile, similarity_type: SimilarityType | None = None
) -> tuple[Upload, Job]:
    upload, job = start_upload(
        workspace=cast.workspace, files=files, similarity_type=similarity_type, actor=cast.bob
    )
    run_job(str(job.id))
    job.refresh_from_db()
    return upload, job


def outcome(upload: Upload) -> dict[str, str]:
    return dict(upload.files.values_list("name", "status"))


def giant_png() -> bytes:
    """Make a PNG that claims 60,000 x 60,000 pixels."""
    chunks = [
        b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0),
        b"IDAT" + zlib.compress(bytes(100_000)),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    )


SHOES = {
    "shoes/red/1.jpg": drawn_jpeg(1),
    "shoes/red/2.jpg": drawn_jpeg(2),
    "shoes/blue/1.jpg": drawn_jpeg(3),
}


def test_it_works(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    upload, job = sent(cast, packed(SHOES), similarity_type=kind)
    assert (job.state, job.message) == (Job.State.DONE, "3 added.")
    assert (job.total, job.done, job.failed, job.skipped) == (3, 3, 0, 0)
    groups = {group.name: group for group in Group.objects.filter(similarity_type=kind)}
    assert {name: group.images_count for name, group in groups.items()} == {"red": 2, "blue": 1}
    kind.refresh_from_db()
    assert kind.groups_count == 2
    image = Image.objects.get(sha256=images.pictures.sha256(SHOES["shoes/blue/1.jpg"]))
    assert (image.file_name, image.uploaded_by) == ("1.jpg", cast.bob)
    assert storage.exists(paths.image(cast.workspace.id, image.id, "jpg"))
    assert storage.exists(paths.thumbnail(cast.workspace.id, image.id))
    assert [*storage.names(f"{cast.workspace.id}/uploads")] == []
    assert upload.parts.get().path == ""
    assert Change.objects.filter(verb="uploaded", target_id=upload.id).exists()


def test_bad_files_are_listed_and_the_rest_goes_in(cast: Cast) -> None:
    upload, job = sent(
        cast,
        packed(
            SHOES
            | {
                "shoes/red/notes.txt": b"These are the red ones.",
                "shoes/red/broken.jpg": drawn_jpeg(4, (400, 400))[:2000],
                "shoes/red/giant.png": giant_png(),
                "shoes/../../evil.jpg": drawn_jpeg(5),
            }
        ),
    )
    assert (job.state, job.message) == (Job.State.DONE, "3 added, 4 failed.")
    reasons = dict(upload.files.filter(status="failed").values_list("name", "reason"))
    assert "not a supported image" in reasons["shoes/red/notes.txt"]
    assert "end of the image is missing" in reasons["shoes/red/broken.jpg"]
    assert "too many pixels" in reasons["shoes/red/giant.png"]
    assert "leads outside the archive" in reasons["shoes/../../evil.jpg"]


def test_loose_pictures_and_a_broken_archive(cast: Cast) -> None:
    upload, job = sent(
        cast,
        loose("1.jpg", drawn_jpeg(1)),
        loose("half.zip", packed(SHOES).stream.read()[:300]),
        loose("notes.txt", b"hello"),
    )
    assert job.message == "1 added, 2 failed."
    assert outcome(upload) == {"1.jpg": "added", "half.zip": "failed", "notes.txt": "failed"}


def test_known_pictures_join_groups_and_are_not_stored_twice(cast: Cast) -> None:
    there = make_image(cast.workspace, seed=1)
    kind = make_type(cast.workspace)
    twice = SHOES | {"shoes/red/again.jpg": SHOES["shoes/red/2.jpg"]}
    upload, job = sent(cast, packed(twice), similarity_type=kind)
    assert job.message == "2 added, 2 already in the workspace."
    assert outcome(upload)["shoes/red/1.jpg"] == "known"
    assert GroupImage.objects.filter(image=there, group__name="red").count() == 1
    assert Group.objects.get(name="red").images_count == 2
    assert Image.objects.count() == 3


def test_a_deleted_picture_comes_back_under_its_id(cast: Cast) -> None:
    gone = make_image(cast.workspace, seed=1)
    delete_images(workspace=cast.workspace, ids=[gone.id], actor=cast.bob)
    upload, _ = sent(cast, loose("1.jpg", drawn_jpeg(1)))
    back = Image.objects.present().get()
    assert back.id == gone.id
    assert outcome(upload) == {"1.jpg": "added"}
    assert storage.exists(paths.image(cast.workspace.id, gone.id, "jpg"))


def test_an_exclusive_type_keeps_a_picture_where_it_is(cast: Cast) -> None:
    kind = make_type(cast.workspace, exclusive=True)
    upload, _ = sent(
        cast, packed(SHOES | {"shoes/blue/also.jpg": drawn_jpeg(1)}), similarity_type=kind
    )
    row = upload.files.get(name="shoes/blue/also.jpg")
    assert row.status == "known"
    assert "“red”" in row.reason
    assert Group.objects.get(name="blue").images_count == 1


def test_folders_join_groups_of_the_same_name(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    red = make_group(kind, "red")
    sent(cast, packed(SHOES), similarity_type=kind)
    red.refresh_from_db()
    assert red.images_count == 2
    assert Group.objects.filter(similarity_type=kind).count() == 2


def test_without_a_type_folders_make_no_groups(cast: Cast) -> None:
    sent(cast, packed(SHOES))
    assert Group.objects.count() == 0


def test_another_workspace_keeps_its_own_copy(cast: Cast) -> None:
    make_image(cast.elsewhere, seed=1)
    _, job = sent(cast, packed(SHOES))
    assert job.message == "3 added."


def test_it_goes_on_where_it_stopped(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies after the second of four batches, in the middle of writing the third."""
    monkeypatch.setattr(upload_batches, "FILES_PER_BATCH", 5)
    kind = make_type(cast.workspace)
    pictures = {f"all/{seed % 3}/{seed}.jpg": drawn_jpeg(seed) for seed in range(20)}
    _, job = start_upload(
        workspace=cast.workspace, files=[packed(pictures)], similarity_type=kind, actor=cast.bob
    )
    with monkeypatch.context() as patch:
        whole, calls = upload_batches.place_images, []

        def die_at_the_third(pairs):
            calls.append(pairs)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return whole(pairs)

        patch.setattr(upload_batches, "place_images", die_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            run_job(str(job.id))
    assert Image.objects.count() == 10
    written = set(storage.names(f"{cast.workspace.id}/images"))
    run_job(str(job.id))
    job.refresh_from_db()
    # A try that got further than the one before counts as the first.
    assert (job.state, job.message, job.tries) == (Job.State.DONE, "20 added.", 1)
    assert Image.objects.count() == 20
    assert sum(group.images_count for group in Group.objects.all()) == 20
    assert GroupImage.objects.count() == 20
    assert written <= set(storage.names(f"{cast.workspace.id}/images"))
    assert len([*storage.names(f"{cast.workspace.id}/images")]) == 20


def test_a_lost_lease_writes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    upload, job = start_upload(
        workspace=cast.workspace, files=[packed(SHOES)], similarity_type=None, actor=cast.bob
    )
    whole = upload_batches.insert_images

    def lose_the_lease(**fields):
        Job.objects.filter(pk=job.pk).update(owner="another")
        return whole(**fields)

    monkeypatch.setattr(upload_batches, "insert_images", lose_the_lease)
    run_job(str(job.id))
    assert Image.objects.count() == 0
    assert set(outcome(upload).values()) == {"waiting"}


def test_cancel_keeps_what_is_in(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_batches, "FILES_PER_BATCH", 5)
    pictures = {f"{seed}.jpg": drawn_jpeg(seed) for seed in range(20)}
    _, job = start_upload(
        workspace=cast.workspace, files=[packed(pictures)], similarity_type=None, actor=cast.bob
    )
    whole = jobs.Handle.report

    def cancel(handle: jobs.Handle, **fields: object) -> None:
        if fields.get("done"):
            Job.objects.filter(pk=job.pk).update(cancel_requested=True)
        whole(handle, **fields)

    monkeypatch.setattr(jobs.Handle, "report", cancel)
    run_job(str(job.id))
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert Image.objects.count() == 5


def test_nothing_sent(cast: Cast) -> None:
    with pytest.raises(NothingToUpload):
        start_upload(workspace=cast.workspace, files=[], similarity_type=None, actor=cast.bob)
    assert Upload.objects.count() == 0


def test_a_database_that_fails_leaves_no_bytes(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_fields: object) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr("dashboard.services.uploads.uploads.enqueue", fail)
    with pytest.raises(RuntimeError):
        start_upload(
            workspace=cast.workspace, files=[packed(SHOES)], similarity_type=None, actor=cast.bob
        )
    assert Upload.objects.count() == 0
    assert [*storage.names(f"{cast.workspace.id}/uploads")] == []
