"""What is no picture, no archive and no table is told for what it is, in one row."""

import bz2
import gzip
import io
import zipfile

import pytest
from pytest_django import Settings

from tests.factories import Cast, drawn_jpeg
from tests.services.uploads.uploaded import brought_in, planned, reasons, received, tarred, zipped

CSV = "This is an Office file, not a table that can be read. Save it as CSV."
OFFICE = {
    "list.xlsx": {"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"},
    "list.docx": {"_rels/.rels": b"<x/>", "[Content_Types].xml": b"<x/>"},
    "list.ods": {
        "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": b"<x/>",
    },
    "list.numbers": {"Index/Document.iwa": b"x", "preview.jpg": drawn_jpeg(1)},
    "renamed.zip": {"[Content_Types].xml": b"<x/>", "xl/media/image1.jpg": drawn_jpeg(1)},
}
HEADS = {
    "a.7z": (b"7z\xbc\xaf\x27\x1c", "7z archives"),
    "a.rar": (b"Rar!\x1a\x07\x01\x00", "RAR archives"),
    "a.tar.zst": (b"\x28\xb5\x2f\xfd", "Zstandard archives"),
    "a.z01": (b"PK\x07\x08", "a part of a split ZIP"),
    "a.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Save it as CSV"),
    "a.pdf": (b"%PDF-1.7", "Export its pages as images"),
    "a.jpg": (b"Rar!\x1a\x07\x01\x00", "RAR archives"),
}


@pytest.mark.parametrize("name", OFFICE)
@pytest.mark.parametrize("auto_commit", [True, False])
def test_an_office_file_is_one_row(cast: Cast, name: str, *, auto_commit: bool) -> None:
    files = {name: zipped(OFFICE[name]), "1.jpg": drawn_jpeg(2)}
    upload = received(cast, files, auto_commit=auto_commit)
    if auto_commit:
        assert brought_in(upload).message == "1 added, 1 failed."
    else:
        assert planned(upload).message == "1 new, 0 already in the workspace, 1 with errors."
    assert reasons(upload) == {name: CSV}


def test_an_unpacked_office_file_in_a_folder_is_none(cast: Cast) -> None:
    files = {"a/[Content_Types].xml": b"<x/>", "a/1.jpg": drawn_jpeg(1)}
    upload = received(cast, {"a.zip": zipped(files)})
    assert planned(upload).message == "1 new, 0 already in the workspace, 1 with errors."
    assert [*reasons(upload)] == ["a/[Content_Types].xml"]


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("way", ["loose", "zip", "w:gz"])
def test_other_formats_are_told(cast: Cast, name: str, way: str) -> None:
    head, sentence = HEADS[name]
    files = {name: head + bytes(1000)}
    if way != "loose":
        files = {"all.bin": zipped(files) if way == "zip" else tarred(files, way)}
    upload = received(cast, files)
    assert planned(upload).message == "0 new, 0 already in the workspace, 1 with errors."
    assert sentence in reasons(upload)[name]


def test_what_is_too_large_is_told_for_what_it_is_first(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_MAX_IMAGE = 500
    upload = received(cast, {"a.7z": HEADS["a.7z"][0] + bytes(1000), "b.jpg": bytes(1000)})
    planned(upload)
    assert "7z archives" in reasons(upload)["a.7z"]
    assert "the limit is 500 bytes" in reasons(upload)["b.jpg"]


def test_an_archive_in_an_archive_is_told(cast: Cast) -> None:
    inner = zipped({"1.jpg": drawn_jpeg(1)})
    upload = received(cast, {"a.zip": zipped({"b.zip": inner, "list.xlsx": inner})})
    planned(upload)
    told = reasons(upload)
    assert "an archive inside an archive" in told["b.zip"]
    assert told["list.xlsx"] == CSV


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("content", [b"file,group\n1.jpg,A\n", b"file\n" * 1000])
def test_a_packed_table_is_no_archive(cast: Cast, pack: object, content: bytes) -> None:
    assert callable(pack)
    upload = received(cast, {"list.csv.gz": pack(content)})
    planned(upload)
    assert reasons(upload) == {
        "list.csv.gz": (
            "This is a single compressed file, not an archive. Decompress it and upload the result."
        )
    }


def test_a_broken_archive_is_still_one(cast: Cast) -> None:
    upload = received(cast, {"a.tar.gz": tarred({"1.jpg": drawn_jpeg(1)}, "w:gz")[:40]})
    planned(upload)
    assert "damaged or incomplete" in reasons(upload)["a.tar.gz"]


def empty_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w"):
        pass
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        empty_zip(),
        tarred({}, "w:gz"),
        zipped({"a/": b""}),
        zipped({"a/.DS_Store": b"x", "a/Thumbs.db": b"x"}),
    ],
    ids=["zip", "tar", "folders", "junk"],
)
def test_an_archive_of_nothing_says_so(cast: Cast, data: bytes) -> None:
    upload = received(cast, {"a.bin": data})
    assert planned(upload).message == "0 new, 0 already in the workspace, 1 with errors."
    assert "The archive contains nothing" in reasons(upload)["a.bin"]


@pytest.mark.parametrize("is_large", [True, False])
def test_a_zip_of_64_bits_is_read(cast: Cast, *, is_large: bool) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for place in range(2):
            name = f"Łódź/{place}.jpg"
            with archive.open(name, "w", force_zip64=is_large) as file:
                file.write(drawn_jpeg(place))
    upload = received(cast, {"a.zip": stream.getvalue()})
    assert planned(upload).message == "2 new, 0 already in the workspace, 0 with errors."
    assert {*upload.files.values_list("group_name", flat=True)} == {"Łódź"}
