"""Names in archives: whatever packed them, in whatever code page."""

import io
import tarfile

import pytest

from dashboard.files.archives.archives import ZipArchive, list_members, open_archive
from dashboard.files.archives.code_pages import CODE_PAGES, Guess, guess
from dashboard.files.archives.tars import TarArchive
from tests.zips import raw_zip, unicode_path


def paths(data, **options):
    with open_archive(io.BytesIO(data), **options) as archive:
        return [member.path for member in archive.members()]


def named(*names, **options):
    """Return a ZIP of files with these names; each holds its number."""
    return raw_zip([(raw, b"%d" % place) for place, raw in enumerate(names)], **options)


def tar(*names, pack="w"):
    stream = io.BytesIO()
    options = {"encoding": "utf-8", "errors": "surrogateescape", "format": tarfile.GNU_FORMAT}
    with tarfile.open(fileobj=stream, mode=pack, **options) as archive:  # type: ignore[call-overload]
        for place, raw in enumerate(names):
            info = tarfile.TarInfo(raw.decode("utf-8", "surrogateescape"))
            data = b"%d" % place
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def contents(data):
    with open_archive(io.BytesIO(data)) as archive:
        return [(member.path, archive.read(member)) for member in archive.members()]


# What says its encoding


def test_the_unicode_path_comes_first():
    data = named(b"__d_/1.png", is_utf8=False, paths=["Łódź/1.png".encode()])
    assert paths(data) == ["Łódź/1.png"]


@pytest.mark.parametrize(
    "extra",
    [
        unicode_path(b"another.png", "Łódź.png".encode()),  # the file was renamed since
        unicode_path(b"1.png", b"\xff.png"),
        unicode_path(b"1.png", b""),
        b"up\x05\x00\x02\x00\x00\x00\x00",
        b"up",
    ],
)
def test_a_unicode_path_that_does_not_hold_is_no_name(extra):
    plain = named(b"1.png")
    assert paths(plain) == ["1.png"]
    data = bytearray(plain)
    at = data.index(b"PK\x01\x02")
    data[at + 30 : at + 32] = len(extra).to_bytes(2, "little")
    data[at + 46 + 5 : at + 46 + 5] = extra
    end = data.index(b"PK\x05\x06")
    size = int.from_bytes(data[end + 12 : end + 16], "little") + len(extra)
    data[end + 12 : end + 16] = size.to_bytes(4, "little")
    assert paths(bytes(data)) == ["1.png"]


def test_a_name_that_is_not_what_its_flag_says_loses_no_other():
    data = named("Grün/1.jpg".encode(), b"Gr\xfcn/2.jpg", b"3.jpg", is_utf8=True)
    assert contents(data) == [("Grün/1.jpg", b"0"), ("Grün/2.jpg", b"1"), ("3.jpg", b"2")]


def test_a_flag_that_only_one_of_the_two_headers_has_is_no_harm():
    data = named("Grün/1.jpg".encode(), is_utf8=True)
    at = data.index(b"PK\x03\x04") + 7
    assert data[at] == 8
    assert contents(data[:at] + b"\0" + data[at + 1 :]) == [("Grün/1.jpg", b"0")]


def test_utf8_without_a_flag_is_read_beside_another_code_page():
    data = named("Köln/1.jpg".encode(), "Köln/2.jpg".encode("cp850"))
    assert paths(data) == ["Köln/1.jpg", "Köln/2.jpg"]


# What is guessed

MEANT = [
    ("cp850", ["Ørsted/1.jpg", "São Paulo/2.jpg", "Größe/3.jpg"]),
    ("cp437", ["Grün/Äpfel.jpg", "niño/1.jpg"]),
    ("cp852", ["Łódź/1.jpg", "Čeština/1.jpg"]),
    ("cp866", ["Красные/яблоко.jpg", "Синие/груша.png"]),
    ("cp932", ["表示/ソート.jpg", "写真/りんご.png", "能力/予定.jpg"]),
    ("gb18030", ["红色/鞋子.jpg", "蓝色/2.jpg"]),
    ("big5", ["紅色/鞋子.jpg", "藍色/2.jpg"]),
    ("cp949", ["빨강/신발.jpg", "파랑/2.jpg"]),
    ("cp1252", ["Grün/Äpfel.jpg", "für/Öl.jpg"]),
    ("cp1250", ["Łódź/1.jpg", "Čeština/1.jpg"]),
    ("cp1251", ["Красные/яблоко.jpg"]),
    ("cp737", ["Φωτογραφίες/μήλο.jpg"]),
]


@pytest.mark.parametrize(("page", "names"), MEANT)
@pytest.mark.parametrize("pack", [named, tar])
def test_names_without_an_encoding_are_read_as_meant(page, names, pack):
    assert paths(pack(*(name.encode(page) for name in names))) == names


def test_all_names_together_tell_the_code_page():
    """The first alone would be Cyrillic, or anything."""
    names = ["Я/1.jpg", "猫/1.jpg", "表示/ソート.jpg"]
    raw = [name.encode("cp932") for name in names]
    assert paths(named(*raw)) == paths(tar(*raw)) == paths(tar(*raw, pack="w:gz")) == names


@pytest.mark.parametrize(
    ("names", "is_sure"),
    [(["Grün/1.jpg", "für/2.jpg"], True), (["Ørsted/1.jpg"], False), (["Bø"], False)],
)
def test_it_says_whether_another_one_is_as_likely(names, is_sure):
    assert guess(name.encode("cp850") for name in names) == Guess("cp850", is_sure)


def test_names_that_fit_no_code_page_are_guessed_all_the_same():
    assert guess([b"\xff\xfe\xfd", b"\x81\x8d"]).code_page in CODE_PAGES


def test_a_code_page_that_is_given_is_not_guessed():
    data = named("Ørsted/1.jpg".encode("cp850"))
    with ZipArchive(io.BytesIO(data), code_page="cp852") as archive:
        assert [member.path for member in archive.members()] == ["Łrsted/1.jpg"]
        assert archive.guess is None
    with ZipArchive(io.BytesIO(data)) as archive:
        assert [member.path for member in archive.members()] == ["Ørsted/1.jpg"]
        assert archive.guess == Guess("cp850", is_sure=False)


def test_a_tar_is_read_on_after_its_names_were_guessed():
    names = [f"Fotos/{place}-grün.jpg".encode("cp1252") for place in range(200)]
    found = contents(tar(*names))
    assert found == [(name.decode("cp1252"), b"%d" % at) for at, name in enumerate(names)]


# A backslash


def test_a_backslash_within_a_letter_parts_no_path():
    raw = "表示/ソ.jpg".encode("cp932")
    assert raw.count(b"\\") == 2
    assert paths(named(raw, "写真/りんご.jpg".encode("cp932")))[0] == "表示/ソ.jpg"


def test_backslashes_of_windows_part_folders():
    names = [b"shoes\\red\\", b"shoes\\red\\1.jpg", b"..\\up.jpg"]
    data = raw_zip((name, b"" if name.endswith(b"\\") else b"x") for name in names)
    [one, other] = list_members(io.BytesIO(data))
    assert (one.path, one.refusal) == ("shoes/red/1.jpg", None)
    assert "outside the archive" in other.refusal
    [kept] = list_members(io.BytesIO(named(b"AC\\DC.jpg", system=3)))
    assert "backslashes" in kept.refusal


# No two become one


def test_names_that_differ_stay_apart():
    composed, decomposed = "é/é.jpg".encode(), "é/e\u0301.jpg".encode()
    for pack in (named, tar):
        assert contents(pack(composed, decomposed, composed)) == [
            ("é/é.jpg", b"0"),
            ("é/é (2).jpg", b"1"),
            ("é/é.jpg", b"2"),
        ]


def test_the_number_that_keeps_apart_is_free():
    raw = [b"a", b"b", b"c", b"d"]
    said = ["é.jpg", "é (2).jpg", "é.jpg", "é.jpg"]
    data = named(*raw, paths=[name.encode() for name in said])
    assert paths(data) == ["é.jpg", "é (2).jpg", "é (3).jpg", "é (4).jpg"]


def test_bytes_that_are_no_text_stay_apart():
    data = named(b"\x81/1.jpg", b"\x8d/1.jpg", b"\x90/1.jpg")
    assert paths(data, code_page="cp1252") == ["\ufffd81/1.jpg", "\ufffd8D/1.jpg", "\ufffd90/1.jpg"]


def test_one_broken_letter_swallows_no_slash():
    assert paths(named(b"\x83/1.jpg", b"\x83/2.jpg"), code_page="cp932") == [
        "\ufffd83/1.jpg",
        "\ufffd83/2.jpg",
    ]


def test_many_of_one_name_are_told_apart_in_little_time():
    """Each looks where the one before it ended, or 100,000 would take the square of that."""
    raw = [b"%d.jpg" % place for place in range(20_000)]
    data = raw_zip([(name, b"") for name in raw], paths=["é.jpg".encode()] * len(raw))
    found = paths(data)
    assert len({*found}) == 20_000
    assert found[-1] == "é (20000).jpg"


def test_a_tar_that_breaks_off_is_guessed_by_what_is_there():
    data = tar(*(name.encode("cp866") for name in ["Красные/яблоко.jpg", "Синие/2.jpg"]))
    archive = TarArchive(io.BytesIO(data[:1030] + b"x" * 512))
    assert next(archive.members()).path == "Красные/яблоко.jpg"
