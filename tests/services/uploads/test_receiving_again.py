"""Files that are named again and uploads that are finished again: the first answer was lost."""

import pytest
from django.utils import timezone

from dashboard.models import Job, Upload, UploadPart
from dashboard.services.uploads.errors import NotReceiving, NotWhole
from dashboard.services.uploads.receiving import register_parts, withdraw_part
from dashboard.services.uploads.receiving_end import finish_upload
from dashboard.services.uploads.receiving_names import NewPart
from tests.factories import Cast, make_image
from tests.services.uploads.received import part_of, send


def named(upload: Upload, *parts: NewPart) -> list[UploadPart]:
    return register_parts(upload=upload, parts=parts, actor=upload.created_by)


@pytest.mark.parametrize(("sha256", "key"), [("a" * 64, ""), ("a" * 64, "1" * 32), ("", "1" * 32)])
def test_what_is_named_again_is_found(upload: Upload, sha256: str, key: str) -> None:
    files = [NewPart(name, 9, sha256, key=key) for name in ("/a.jpg", "b.zip", "b.zip")]
    first = named(upload, *files)
    assert len({part.pk for part in first}) == 3
    assert named(upload, *files) == first
    third = NewPart("c.jpg", 9, sha256, key=key)
    mixed = named(upload, third, *files)
    assert (mixed[1:], mixed[0].name, mixed[0].number) == (first, "c.jpg", 3)
    assert upload.parts.count() == 4


def test_what_was_known_is_known_once(upload: Upload, cast: Cast) -> None:
    image = make_image(cast.workspace)
    files = [NewPart("a.jpg", 9, image.sha256, key=key * 32) for key in "12"]
    first = named(upload, *files)
    assert {part.pk for part in named(upload, *files)} == {part.pk for part in first}
    assert named(upload, NewPart("a.jpg", 9, image.sha256))[0] in first


@pytest.mark.parametrize(
    "other",
    [
        NewPart("b.jpg", 9, "a" * 64),
        NewPart("a.jpg", 8, "a" * 64),
        NewPart("a.jpg", 9, "b" * 64),
        NewPart("a.jpg", 9, "a" * 64, kind="archive"),
        NewPart("a.jpg", 9, "a" * 64, key="2" * 32),
        NewPart("a.jpg", 9, key="1" * 32),
    ],
)
def test_another_file_is_another_part(upload: Upload, other: NewPart) -> None:
    [plain] = named(upload, NewPart("a.jpg", 9, "a" * 64))
    [keyed] = named(upload, NewPart("a.jpg", 9, "a" * 64, key="1" * 32))
    assert named(upload, other)[0] not in (plain, keyed)


def test_without_a_hash_or_a_key_it_may_be_another_file(upload: Upload) -> None:
    assert part_of(upload) != part_of(upload)


def test_what_has_begun_to_come_is_found_by_its_key_alone(upload: Upload) -> None:
    plain, keyed = NewPart("a.jpg", 9, "a" * 64), NewPart("b.jpg", 9, "b" * 64, key="1" * 32)
    first = named(upload, plain, keyed)
    for part in first:
        send(part, b"xyz")
    again = named(upload, plain, keyed)
    assert (again[0] == first[0], again[1] == first[1], again[1].received) == (False, True, 3)


def test_what_was_taken_back_may_be_named_again(upload: Upload, cast: Cast) -> None:
    new = NewPart("a.jpg", 3, "a" * 64, key="1" * 32)
    [first] = named(upload, new)
    send(first, b"ab")
    withdraw_part(part=first, actor=cast.bob)
    [again] = named(upload, new)
    assert (again.received, again.pk != first.pk) == (0, True)
    assert send(again, b"abc") == 3


@pytest.mark.parametrize("stage", ["planning", "planned", "committed"])
def test_what_was_handed_on_is_finished_once(upload: Upload, cast: Cast, stage: str) -> None:
    send(part_of(upload, size=3), b"abc")
    finish_upload(upload=upload, actor=cast.bob)
    in_time = timezone.now() if stage == "committed" else None
    Upload.objects.update(stage=stage, committed=in_time)
    finish_upload(upload=upload, leave_out=True, actor=cast.bob)
    upload.refresh_from_db()
    assert (upload.stage, Job.objects.count(), upload.parts.count()) == (stage, 1, 1)


def test_what_is_missing_is_left_out(upload: Upload, cast: Cast) -> None:
    send(part_of(upload, size=3), b"abc")
    part_of(upload, size=3, name="b.jpg")
    with pytest.raises(NotWhole):
        finish_upload(upload=upload, actor=cast.bob)
    finish_upload(upload=upload, leave_out=True, actor=cast.bob)
    assert [part.name for part in upload.parts.all()] == ["a.jpg"]
    Upload.objects.update(stage=Upload.Stage.UNDONE, committed=timezone.now())
    with pytest.raises(NotReceiving):
        finish_upload(upload=upload, leave_out=True, actor=cast.bob)
