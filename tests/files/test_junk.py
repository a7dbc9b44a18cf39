"""What systems add to people's files, and what lies beside a picture."""

import pytest

from dashboard.files.archives.junk import is_junk
from dashboard.files.archives.sidecars import may_be_sidecar, picture_key, sidecar_key

JUNK = [
    "@eaDir/1.jpg/SYNOPHOTO_THUMB_XL.jpg",
    "a/@eadir/1.jpg/x.jpg",
    "a/#recycle/old.png",
    "a/#snapshot/old.png",
    "@Recycle/1.jpg",
    "@Recently-Snapshot/1.jpg",
    "$RECYCLE.BIN/S-1-5-21/$R1.png",
    "System Volume Information/x.png",
    "a/lost+found/a.png",
    ".Trash-1000/files/1.jpg",
    ".AppleDouble/1.jpg",
    "__MACOSX/a/._1.jpg",
    "a/._1.jpg",
    ".DS_Store",
    "a/THUMBS.DB",
    "a/ehthumbs.db",
    "desktop.ini",
    "a/Picasa.ini",
    "a/Icon\r",
    "a/~$list.xlsx",
    "a/IMG_1.AAE",
    "IMG_1.xmp",
]
PICTURES = [
    "red/1.jpg",
    "recycle/1.jpg",
    "eaDir/1.jpg",
    "Icon/1.jpg",
    "Icons/1.jpg",
    "thumbs.db.jpg",
    "lost/found.jpg",
    "xmp/1.jpg",
    "a~$b/1.jpg",
    "../1.jpg",
    "..",
    "…/1.jpg",
]


@pytest.mark.parametrize("path", JUNK)
def test_what_systems_add_is_told(path: str) -> None:
    assert is_junk(path)


@pytest.mark.parametrize("path", PICTURES)
def test_what_people_name_is_not(path: str) -> None:
    assert not is_junk(path)


@pytest.mark.parametrize(
    ("picture", "sidecar"),
    [
        ("a/0001.jpg", "a/0001.json"),
        ("a/0001.png", "a/0001.txt"),
        ("a/IMG_1.JPG", "a/img_1.json"),
        ("a/IMG_1.jpg", "a/IMG_1.jpg.json"),
        ("a/IMG_1.HEIC", "a/IMG_1.HEIC.supplemental-metadata.json"),
        ("a/IMG_1.jpg", "a/IMG_1.jpg.supplemental-me.json"),
        ("a/IMG_1.jpg", "a/IMG_1.jpg.suppl.json"),
        ("a/IMG_1.jpg", "a/IMG_1.jpg.s.json"),
        ("a/IMG_1(2).jpg", "a/IMG_1.jpg(2).json"),
        ("a/IMG_1(2).jpg", "a/IMG_1.jpg.supplemental-metadata(2).json"),
        ("a.b/no", "a.b/no.json"),
    ],
)
def test_a_sidecar_has_the_key_of_its_picture(picture: str, sidecar: str) -> None:
    assert may_be_sidecar(sidecar)
    assert sidecar_key(sidecar) == picture_key(picture)


@pytest.mark.parametrize(
    ("picture", "other"),
    [
        ("a/1.jpg", "b/1.json"),
        ("a/1.jpg", "a/11.json"),
        ("a/1.jpg", "a/1.jpg.sample.json"),
        ("a/IMG_1.jpg", "a/IMG_1.jpg(2).json"),
    ],
)
def test_another_file_has_another_key(picture: str, other: str) -> None:
    assert sidecar_key(other) != picture_key(picture)
