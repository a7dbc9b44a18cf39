import contextlib
import io
import stat
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.files.archives.archives import ZipArchive, common_folder, group_name, list_members
from dashboard.files.errors import (
    ArchiveSuspicious,
    ArchiveTooLarge,
    BrokenArchive,
    FileRefused,
    ImageTooLarge,
    UnreadableMember,
)
from dashboard.files.limits import ArchiveLimits

LIMITS = ArchiveLimits(member_size=100_000, free=10_000)


def packed(*entries, method=zipfile.ZIP_DEFLATED):
    """Return a ZIP as a file; entries are (name or ZipInfo, content)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    file.seek(0)
    return file


def paths(*names):
    return [
        member.path for member in list_members(packed(*((name, b"x") for name in names)), LIMITS)
    ]


def refusal_of(name, content=b"x"):
    [member] = list_members(packed((name, content)), LIMITS)
    return member.refusal


def entry(name, **attributes):
    info = zipfile.ZipInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


# It works


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_it_works(method):
    file = packed(("shoes/red/1.jpg", b"one" * 100), ("2.jpg", b"two"), method=method)
    with ZipArchive(file, LIMITS) as archive:
        first, second = archive.members()
        assert (first.index, first.parts) == (0, ("shoes", "red", "1.jpg"))
        assert (first.name, first.folder, first.path) == ("1.jpg", "shoes/red", "shoes/red/1.jpg")
        assert (first.size, first.refusal) == (300, None)
        assert second.folder == ""
        assert archive.read(second) == b"two"
        assert archive.read(first) == b"one" * 100
    assert not file.closed


def test_an_empty_archive_has_no_members():
    assert paths() == []


def test_folders_and_what_systems_add_are_left_out():
    junk = [
        "a/",
        "__MACOSX/a/._1.jpg",
        "a/.DS_Store",
        "Thumbs.db",
        "a/desktop.ini",
        ".git/x",
        "a/._2",
    ]
    assert paths("a/1.jpg", *junk, "b/2.jpg") == ["a/1.jpg", "b/2.jpg"]


def test_an_index_stays_when_others_are_left_out():
    members = list_members(packed(("a/", b""), (".x", b""), ("1.jpg", b"x")), LIMITS)
    assert [member.index for member in members] == [2]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_two_files():
    with ZipArchive(packed(("1.jpg", b"one"), ("1.jpg", b"two")), LIMITS) as archive:
        assert [archive.read(member) for member in archive.members()] == [b"one", b"two"]


def test_needless_parts_of_a_path_are_dropped():
    assert paths("./a//./1.jpg") == ["a/1.jpg"]


def test_names_that_macos_writes_are_read_as_meant():
    """Its packer writes UTF-8, decomposed, without the flag that says so."""
    plain = "cafe\u0301/1.jpg".encode()
    data = packed(("x" * len(plain), b"x")).getvalue().replace(b"x" * len(plain), plain)
    [member] = list_members(io.BytesIO(data), LIMITS)
    assert member.path == "café/1.jpg"


def test_names_in_the_old_code_page_are_read():
    data = packed(("cafX/1.jpg", b"x")).getvalue().replace(b"cafX", b"caf\x82")
    [member] = list_members(io.BytesIO(data), LIMITS)
    assert member.path == "café/1.jpg"


# Members that are refused, one by one


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/passwd", "outside the archive"),
        ("../1.jpg", "outside the archive"),
        ("a/../../1.jpg", "outside the archive"),
        ("..", "outside the archive"),
        ("C:/1.jpg", "outside the archive"),
        ("c:1.jpg", "outside the archive"),
        ("a\\1.jpg", "backslashes"),
        ("..\\1.jpg", "backslashes"),
        ("a\n1.jpg", "invisible"),
        ("a\x7f1.jpg", "invisible"),
    ],
)
def test_unsafe_paths_are_refused(name, words):
    assert words in refusal_of(name)


def test_a_file_without_a_name_is_refused():
    data = packed(("X.jpg", b"x")).getvalue().replace(b"X.jpg", b"\x00.jpg")
    [member] = list_members(io.BytesIO(data), LIMITS)
    assert member.refusal


def test_a_name_with_a_zero_byte_is_refused():
    data = packed(("1.jpgX.exe", b"x")).getvalue().replace(b"1.jpgX", b"1.jpg\x00")
    [member] = list_members(io.BytesIO(data), LIMITS)
    assert "invisible" in member.refusal


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind):
    info = entry("1.jpg", create_system=3, external_attr=(kind | 0o644) << 16)
    assert "link" in refusal_of(info, b"/etc/passwd")


def test_ordinary_files_of_unix_are_taken():
    assert refusal_of(entry("1.jpg", create_system=3, external_attr=0o100644 << 16)) is None


def test_locked_files_are_refused():
    data = bytearray(packed(("1.jpg", b"x")).getvalue())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    [member] = list_members(io.BytesIO(data), LIMITS)
    assert "password" in member.refusal


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_rare_packings_are_refused(method):
    [member] = list_members(packed(("1.jpg", b"x" * 50), method=method), LIMITS)
    assert "ordinary ZIP" in member.refusal


def test_large_files_are_refused_by_their_claim():
    assert "100 KB" in refusal_of("1.jpg", bytes(100_001))


def test_a_refused_member_is_not_read():
    with ZipArchive(packed(("../1.jpg", b"x")), LIMITS) as archive:
        [member] = archive.members()
        with pytest.raises(UnreadableMember, match="outside the archive"):
            archive.read(member)


def test_refused_members_do_not_stop_the_others():
    file = packed(("../1.jpg", b"x"), ("2.jpg", b"two"), ("a\\3.jpg", b"x"), ("4.jpg", b"four"))
    with ZipArchive(file, LIMITS) as archive:
        good = [archive.read(member) for member in archive.members() if not member.refusal]
    assert good == [b"two", b"four"]


# What the bytes say, not the header


def test_damage_is_found_and_the_next_one_read():
    data = packed(("1.jpg", b"first!"), ("2.jpg", b"two"), method=zipfile.ZIP_STORED).getvalue()
    with ZipArchive(io.BytesIO(data.replace(b"first!", b"first?")), LIMITS) as archive:
        first, second = archive.members()
        with pytest.raises(UnreadableMember, match="damaged"):
            archive.read(first)
        assert archive.read(second) == b"two"


def _claiming(data, old, new):
    """Return the ZIP with another unpacked size in its directory."""
    return io.BytesIO(data.replace(old.to_bytes(4, "little"), new.to_bytes(4, "little")))


def test_a_file_larger_than_it_claims_is_refused():
    file = _claiming(packed(("1.jpg", bytes(90_000))).getvalue(), 90_000, 10)
    with ZipArchive(file, LIMITS) as archive:
        [member] = archive.members()
        assert (member.size, member.refusal) == (10, None)
        with pytest.raises(UnreadableMember):
            archive.read(member)


def test_reading_stops_at_the_limit():
    with ZipArchive(packed(("1.jpg", bytes(90_000))), LIMITS) as archive:
        [member] = archive.members()
        archive.limits = ArchiveLimits(member_size=50_000)
        with pytest.raises(ImageTooLarge):
            archive.read(member)


def test_a_bomb_is_refused_by_what_was_read():
    file = packed(("bomb.jpg", bytes(90_000)), ("flat.bmp", bytes(9_000)), ("1.jpg", b"x"))
    with ZipArchive(file, LIMITS) as archive:
        bomb, flat, last = archive.members()
        with pytest.raises(ArchiveSuspicious, match="over 250 times"):
            archive.read(bomb)
        assert len(archive.read(flat)) == 9_000  # small enough to do no harm
        assert archive.read(last) == b"x"


def test_all_members_together_have_a_limit():
    limits = ArchiveLimits(total=250)
    with ZipArchive(packed(*((f"{n}.jpg", bytes(100)) for n in range(3))), limits) as archive:
        first, second, third = archive.members()
        assert len(archive.read(first) + archive.read(second)) == 200
        with pytest.raises(ArchiveTooLarge, match="250 bytes"):
            archive.read(third)


# The archive as a whole


def test_too_many_members_are_refused():
    file = packed(*((f"{n}.jpg", b"") for n in range(5)))
    assert len([*list_members(file, ArchiveLimits(members=5))]) == 5
    with pytest.raises(ArchiveTooLarge, match="more than 4 files"):
        [*list_members(file, ArchiveLimits(members=4))]


def test_the_number_in_the_header_is_not_believed():
    data = bytearray(packed(*((f"{n}.jpg", b"") for n in range(5))).getvalue())
    end = data.rindex(b"PK\x05\x06")
    data[end + 8 : end + 12] = b"\x01\x00\x01\x00"
    with pytest.raises(ArchiveTooLarge):
        ZipArchive(io.BytesIO(data), ArchiveLimits(members=4))


def test_a_giant_directory_is_not_read():
    data = packed(*((f"{n:05d}/{'x' * 20_000}", b"") for n in range(60))).getvalue()
    with pytest.raises(ArchiveTooLarge):
        ZipArchive(io.BytesIO(data), ArchiveLimits(members=100))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello, I am a .zip",
        packed(("1.jpg", b"x" * 500)).getvalue()[:-30],
        packed(("1.jpg", b"x" * 500)).getvalue()[-22:],
    ],
    ids=["empty", "text", "end missing", "end alone"],
)
def test_a_broken_archive_is_refused(data):
    with pytest.raises(BrokenArchive, match="Pack it again"):
        [*list_members(io.BytesIO(data), LIMITS)]


def test_the_settings_are_the_default(settings):
    settings.LIKEWISE_MAX_IMAGE = 10
    with ZipArchive(packed(("1.jpg", bytes(11)))) as archive:
        [member] = archive.members()
    assert "10 bytes" in member.refusal


# Groups


@pytest.mark.parametrize(
    ("names", "common", "groups"),
    [
        (["1.jpg"], None, [None]),
        (["shoes/1.jpg", "2.jpg"], None, ["shoes", None]),
        (["red/1.jpg", "blue/2.jpg"], None, ["red", "blue"]),
        (["shoes/red/1.jpg", "hats/2.jpg"], None, ["shoes/red", "hats"]),
        (["all/red/1.jpg", "all/blue/2.jpg"], "all", ["red", "blue"]),
        (["all/shoes/red/1.jpg", "all/2.jpg"], "all", ["shoes/red", None]),
        (["red/1.jpg", "red/2.jpg"], None, ["red", "red"]),
        (["all/all/1.jpg"], "all", ["all"]),
        (["all/red/1.jpg", "2.jpg"], None, ["all/red", None]),
        ([], None, []),
    ],
)
def test_folders_become_groups(names, common, groups):
    members = [*list_members(packed(*((name, b"x") for name in names)), LIMITS)]
    assert common_folder(members) == common
    assert [group_name(member.parts, common) for member in members] == groups


# Anything at all

SEED = packed(("a/1.jpg", b"one" * 50), ("b/2.jpg", b"two"), ("../3", b"three")).getvalue()


def _read_all(data):
    with contextlib.suppress(FileRefused), ZipArchive(io.BytesIO(data), LIMITS) as archive:
        for member in archive.members():
            assert member.refusal or ".." not in member.parts
            with contextlib.suppress(FileRefused):
                assert len(archive.read(member)) <= LIMITS.member_size


@given(st.binary(max_size=200), st.sampled_from([b"", SEED[-22:], SEED[-90:]]))
def test_random_bytes_are_read_or_refused(head, tail):
    _read_all(head + tail)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 255)), min_size=1, max_size=8)
)
def test_damaged_archives_are_read_or_refused(changes):
    data = bytearray(SEED)
    for place, value in changes:
        data[place] = value
    _read_all(bytes(data))


def test_entries_that_are_no_files_are_told_apart_from_files() -> None:
    folder = zipfile.ZipInfo("without a slash")
    folder.external_attr = (stat.S_IFDIR | 0o755) << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name in ("a/", "a/1.jpg", "__MACOSX/._1.jpg"):
            packed.writestr(name, b"")
        packed.writestr(folder, b"")
    with ZipArchive(stream) as archive:
        assert [entry and entry.path for entry in archive.entries()] == [
            None,
            "a/1.jpg",
            None,
            None,
        ]
        assert [member.path for member in archive.members()] == ["a/1.jpg"]
