"""What lies beside a picture and tells of it alone has no row, and its address is never opened."""

import json
from collections.abc import Mapping

import pytest

from tests.factories import Cast, drawn_jpeg
from tests.services.uploads.uploaded import (
    committed,
    foreseen,
    planned,
    reasons,
    received,
    tarred,
    zipped,
)

URL = "https://pictures.example/1.jpg"
RECORD = json.dumps({"url": URL, "caption": "a shoe", "status": "success"}).encode()
SHARD = {
    "000.cls": b"3",
    "000.json": RECORD,
    "000.jpg": drawn_jpeg(1),
    "000.txt": b"https://pictures.example/2.jpg",
    "001.jpg": drawn_jpeg(2),
    "001.json": json.dumps({"file_name": "orig/7.png", "url": URL}).encode(),
    "001.txt": b"a red shoe",
}
TAKEOUT = {
    "Takeout/Photos/IMG_1.jpg": drawn_jpeg(1),
    "Takeout/Photos/IMG_1.jpg.supplemental-metadata.json": RECORD,
    "Takeout/Photos/IMG_1(1).jpg": drawn_jpeg(2),
    "Takeout/Photos/IMG_1.jpg(1).json": RECORD,
    "Takeout/Photos/IMG_1.aae": b"<plist/>",
    "Takeout/Photos/IMG_1.xmp": b"<x/>",
    "Takeout/Photos/MOVED.mp4.json": RECORD,  # its film was not asked for
}


def backwards(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return dict(reversed(files.items()))  # type: ignore[call-overload]


@pytest.mark.parametrize("files", [SHARD, backwards(SHARD), TAKEOUT, backwards(TAKEOUT)])
@pytest.mark.parametrize("pack", ["zip", "w", "w:gz", "loose"])
def test_pictures_come_without_what_tells_of_them(
    cast: Cast, files: dict[str, bytes], pack: str
) -> None:
    if pack != "loose":
        sent = {"a.bin": zipped(files) if pack == "zip" else tarred(files, pack)}
    upload = received(cast, files if pack == "loose" else sent)
    assert planned(upload).message == "2 new, 0 already in the workspace, 0 with errors."
    assert not upload.files.exclude(url="").exists()
    assert {*foreseen(upload)} == {name for name in files if name.endswith(".jpg")}
    assert committed(upload).message == "2 added."


@pytest.mark.parametrize("pack", ["zip", "w"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_table_of_several_files_is_a_manifest_whatever_its_name(
    cast: Cast, pack: str, *, is_first: bool
) -> None:
    rows = [{"file": "1.jpg", "group": "A"}, {"file": "2.jpg", "group": "A"}]
    table = {"1.json": json.dumps(rows).encode()}
    pictures = {"1.jpg": drawn_jpeg(1), "2.jpg": drawn_jpeg(2)}
    files = table | pictures if is_first else pictures | table
    data = zipped(files) if pack == "zip" else tarred(files, pack)
    upload = received(cast, {"a.bin": data})
    assert planned(upload).message == "2 new, 0 already in the workspace, 0 with errors."
    assert {*upload.files.values_list("group_name", flat=True)} == {"A"}


def test_addresses_of_several_pictures_in_an_archive_are_a_manifest(cast: Cast) -> None:
    rows = "\n".join(json.dumps({"url": f"{URL}?{place}"}) for place in range(3))
    upload = received(cast, {"a.zip": zipped({"list.jsonl": rows.encode()})})
    assert planned(upload).message == "3 new, 0 already in the workspace, 0 with errors."


def test_what_has_no_picture_is_told(cast: Cast) -> None:
    files = {"1.jpg": drawn_jpeg(1), "2.txt": b"a red shoe", "3.txt": b"blue"}
    for data in (zipped(files), tarred(files)):
        upload = received(cast, {"a.bin": data})
        planned(upload)
        assert {*reasons(upload)} == {"2.txt", "3.txt"}


def test_a_json_that_a_person_chose_is_a_manifest(cast: Cast) -> None:
    """One record with an address, sent by itself."""
    upload = received(cast, {"list.json": RECORD, "2.jpg": drawn_jpeg(2)})
    assert planned(upload).message == "2 new, 0 already in the workspace, 0 with errors."
    assert [*upload.files.exclude(url="").values_list("url", flat=True)] == [URL]


def test_a_json_in_a_folder_was_not_chosen(cast: Cast) -> None:
    upload = received(cast, {"a/list.json": RECORD, "a/2.jpg": drawn_jpeg(2)})
    assert planned(upload).message == "1 new, 0 already in the workspace, 0 with errors."


def test_a_list_of_addresses_among_junk_is_not_read(cast: Cast) -> None:
    files = {"#recycle/urls.txt": URL.encode(), "@eaDir/a.zip": b"PK\x03\x04", "1.jpg": b""}
    upload = received(cast, files | {"1.jpg": drawn_jpeg(1), ".x/list.csv": b"file\n9.jpg\n"})
    assert planned(upload).message == "1 new, 0 already in the workspace, 0 with errors."
