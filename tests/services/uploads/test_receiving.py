"""Take in what is sent, piece by piece."""

import hashlib
import io
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Change
from dashboard.files.store import chunks, storage
from dashboard.files.store.chunks import Checksum, ChecksumMismatch
from dashboard.models import Job, Upload, UploadChunk, UploadPart
from dashboard.queries.uploads.receiving import lacking, missing_parts, open_part, totals
from dashboard.services.uploads import receiving_names
from dashboard.services.uploads.errors import (
    NothingToUpload,
    NotReceiving,
    NotWhole,
    OffsetTaken,
    PartTooLarge,
    TooManyParts,
)
from dashboard.services.uploads.receiving import (
    append,
    discard_upload,
    forget_abandoned,
    forget_bytes,
    register_parts,
    withdraw_part,
)
from dashboard.services.uploads.receiving_end import finish_receiving
from dashboard.services.uploads.receiving_names import NewPart
from tests.factories import Cast, drawn_jpeg, make_image
from tests.services.uploads.received import part_of, send


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "LARGEST", 64)
    monkeypatch.setattr(chunks, "STEP", 16)


def stored() -> list[str]:
    return sorted(storage.names("."))


class Broken(io.BytesIO):
    """A connection that breaks after what it has."""

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data:
            raise ConnectionResetError
        return data


def test_it_works(upload: Upload) -> None:
    part = part_of(upload)
    data = bytes(range(200))
    assert send(part, data[:150]) == 150
    assert send(part, data[150:], 150) == 200
    assert [(row.start, row.size) for row in part.chunks.order_by("start")] == [
        *((0, 64), (64, 64), (128, 22)),
        (150, 50),
    ]
    with open_part(part) as file:
        assert file.read() == data
        assert file.seek(-60, io.SEEK_END) == 140
        assert file.read(20) == data[140:160]
    assert not missing_parts(upload).exists()


def test_an_empty_file_is_whole_at_once(upload: Upload) -> None:
    part = part_of(upload, size=0)
    assert not missing_parts(upload).exists()
    with open_part(part) as file:
        assert file.read() == b""


def test_what_came_before_a_connection_broke_is_kept(upload: Upload) -> None:
    part = part_of(upload)
    assert append(part=part, stream=Broken(b"x" * 70), start=0, length=200) == 70
    assert append(part=part, stream=Broken(b""), start=70, length=130) == 70
    assert send(part, b"y" * 130, 70) == 200
    with open_part(part) as file:
        assert file.read() == b"x" * 70 + b"y" * 130


def test_never_more_is_read_than_was_announced(upload: Upload) -> None:
    part = part_of(upload)
    stream = io.BytesIO(b"x" * 100)
    assert append(part=part, stream=stream, start=0, length=30) == 30
    assert stream.read() == b"x" * 70


@pytest.mark.parametrize("start", [0, 9, 11])
def test_bytes_of_another_place_are_refused(upload: Upload, start: int) -> None:
    part = part_of(upload)
    send(part, b"x" * 10)
    with pytest.raises(OffsetTaken, match="10 bytes are already uploaded") as caught:
        send(part, b"y", start)
    assert caught.value.received == 10


def test_the_slower_of_two_leaves_nothing(upload: Upload) -> None:
    part = part_of(upload)
    slower = UploadPart.objects.select_related("upload").get(pk=part.pk)
    send(part, b"x" * 10)
    before = stored()
    with pytest.raises(OffsetTaken) as caught:
        send(slower, b"y" * 20)
    assert caught.value.received == 10
    assert stored() == before
    assert UploadChunk.objects.count() == 1


def test_more_than_was_said_is_refused(upload: Upload) -> None:
    with pytest.raises(PartTooLarge):
        send(part_of(upload, size=5), b"123456")
    assert stored() == []


def test_what_does_not_hash_to_what_was_said_is_thrown_away(upload: Upload) -> None:
    part = part_of(upload)
    right = Checksum("sha1", hashlib.sha1(b"right").digest())
    with pytest.raises(ChecksumMismatch):
        append(part=part, stream=io.BytesIO(b"wrong"), start=0, length=5, checksum=right)
    assert (stored(), UploadChunk.objects.count()) == ([], 0)
    assert append(part=part, stream=io.BytesIO(b"right"), start=0, length=5, checksum=right) == 5


def test_a_row_that_cannot_be_written_leaves_no_object(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    part = part_of(upload)
    monkeypatch.setattr(UploadChunk, "save", broken)
    with pytest.raises(RuntimeError):
        send(part, b"x")
    assert stored() == []
    part.refresh_from_db()
    assert part.received == 0


# What is named


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jpg", "picture"),
        ("rows.csv", "manifest"),
        ("rows.json", "manifest"),
    ],
)
def test_a_name_tells_what_it_is(upload: Upload, name: str, kind: str) -> None:
    assert part_of(upload, name=name).kind == kind


def test_first_bytes_tell_an_archive(upload: Upload) -> None:
    part = part_of(upload, name="without an end")
    send(part, b"PK\x03\x04 and more")
    part.refresh_from_db()
    assert part.kind == UploadPart.Kind.ARCHIVE


def test_what_is_there_is_not_waited_for(upload: Upload, cast: Cast) -> None:
    image = make_image(cast.workspace)
    make_image(cast.elsewhere, 7)
    theirs = hashlib.sha256(drawn_jpeg(7)).hexdigest()
    assert lacking(cast.workspace, {image.sha256, theirs}) == {theirs}
    known, new = register_parts(
        upload=upload,
        parts=[NewPart("a.jpg", 9, image.sha256), NewPart("b.jpg", 9, theirs)],
        actor=cast.bob,
    )
    assert (known.known, known.path, new.known) == (True, "", False)
    assert [part.pk for part in missing_parts(upload)] == [new.pk]
    with pytest.raises(OffsetTaken, match="9 bytes are already uploaded"):
        send(known, b"x")


def test_there_is_a_most(upload: Upload, settings: Settings) -> None:
    settings.LIKEWISE_MAX_UPLOAD = 10
    with pytest.raises(PartTooLarge, match="larger than 10 bytes"):
        part_of(upload, size=11)
    receiving_most = receiving_names.MOST_PARTS
    assert receiving_most == 200_000


def test_too_many_files_are_refused(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving_names, "MOST_PARTS", 2)
    part_of(upload)
    part_of(upload)
    with pytest.raises(TooManyParts):
        part_of(upload)
    assert [part.number for part in upload.parts.order_by("pk")] == [0, 1]


def test_one_that_was_looked_through_is_open_again(upload: Upload) -> None:
    Upload.objects.update(stage=Upload.Stage.PLANNED)
    part_of(upload)
    upload.refresh_from_db()
    assert upload.stage == Upload.Stage.RECEIVING


def test_one_that_is_in_takes_nothing_more(upload: Upload) -> None:
    Upload.objects.update(stage=Upload.Stage.COMMITTED, committed=timezone.now())
    with pytest.raises(NotReceiving):
        part_of(upload)


# The end


def test_all_is_here(upload: Upload, cast: Cast) -> None:
    send(part_of(upload, size=3), b"abc")
    job = finish_receiving(upload=upload, actor=cast.bob)
    assert (job.subject_id, Job.objects.count()) == (upload.pk, 1)
    upload.refresh_from_db()
    assert upload.stage == Upload.Stage.PLANNING
    with pytest.raises(NotReceiving):
        finish_receiving(upload=upload, actor=cast.bob)


def test_all_comes_in_at_once_if_nobody_wants_to_look(upload: Upload, cast: Cast) -> None:
    Upload.objects.update(auto_commit=True)
    send(part_of(upload, size=3), b"abc")
    finish_receiving(upload=upload, actor=cast.bob)
    upload.refresh_from_db()
    assert upload.stage == Upload.Stage.COMMITTED
    told = Change.objects.get(verb="uploaded")
    assert (told.count, told.actor) == (1, cast.bob)


def test_what_is_not_whole_is_not_finished(upload: Upload, cast: Cast) -> None:
    with pytest.raises(NothingToUpload):
        finish_receiving(upload=upload, actor=cast.bob)
    part = part_of(upload, size=3)
    send(part, b"ab")
    with pytest.raises(NotWhole, match="1 file is not fully uploaded"):
        finish_receiving(upload=upload, actor=cast.bob)
    withdraw_part(part=part, actor=cast.bob)
    assert stored() == []


def test_what_is_taken_out_is_expected_no_more(upload: Upload, cast: Cast) -> None:
    Upload.objects.update(expected=2)
    part = part_of(upload, size=3)
    for _ in range(2):  # as after an answer that was lost
        withdraw_part(part=part, actor=cast.bob)
    assert Upload.objects.get().expected == 1


def test_what_is_given_up_is_gone(upload: Upload, cast: Cast) -> None:
    part = part_of(upload, size=3)
    send(part, b"abc")
    discard_upload(upload=upload, actor=cast.bob)
    assert (stored(), Upload.objects.count(), UploadChunk.objects.count()) == ([], 0, 0)
    assert Change.objects.get(verb="discarded").target_name == "shoes"


def test_who_still_sends_to_what_was_given_up_leaves_nothing(upload: Upload, cast: Cast) -> None:
    part = part_of(upload, size=3)
    discard_upload(upload=upload, actor=cast.bob)
    with pytest.raises(OffsetTaken, match="no longer expects this file"):
        send(part, b"abc")
    assert stored() == []


def test_bytes_are_forgotten(upload: Upload) -> None:
    send(part_of(upload, size=3), b"abc")
    assert forget_bytes(upload) == 1
    assert (stored(), UploadChunk.objects.count()) == ([], 0)
    assert upload.parts.get().path == ""


def test_what_nobody_goes_on_with_is_forgotten(upload: Upload, cast: Cast) -> None:
    send(part_of(upload, size=30), b"abc")
    assert forget_abandoned() == 0
    long_ago = timezone.now() - timedelta(days=8)
    Upload.objects.update(modified=long_ago)
    send(upload.parts.select_related("upload").get(), b"def", 3)
    assert forget_abandoned() == 0
    Upload.objects.update(modified=long_ago)
    assert forget_abandoned() == 1
    assert (stored(), Upload.objects.count()) == ([], 0)


def test_what_a_kill_left_is_forgotten(upload: Upload) -> None:
    send(part_of(upload, size=3), b"abc")
    UploadPart.objects.update(path="")
    assert forget_abandoned() == 0
    assert (stored(), UploadChunk.objects.count()) == ([], 0)


def test_it_is_counted_what_is_here(upload: Upload, cast: Cast) -> None:
    image = make_image(cast.workspace)
    part_of(upload, size=9, sha256=image.sha256)
    send(part_of(upload, size=3), b"ab")
    assert totals(upload) == {
        "files": 2,
        "bytes": 12,
        "known_files": 1,
        "known_bytes": 9,
        "missing_files": 1,
        "received_bytes": 2,
    }
