"""TAR archives are read forward, whatever packed them, and nothing they say is believed."""

import bz2
import contextlib
import gzip
import io
import lzma
import tarfile
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.files.archives import tars
from dashboard.files.archives.archives import open_archive
from dashboard.files.archives.tars import TarArchive
from dashboard.files.errors import (
    ArchiveSuspicious,
    ArchiveTooLarge,
    BrokenArchive,
    FileRefused,
    ImageTooLarge,
    UnreadableMember,
)
from dashboard.files.limits import ArchiveLimits

LIMITS = ArchiveLimits(member_size=100_000, free=200_000, members=50)
MODES = ["w", "w:gz", "w:bz2", "w:xz"]


def packed(*entries, mode="w", form=tarfile.PAX_FORMAT):
    """Return a TAR as a file; entries are (name or TarInfo, content)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=form) as archive:
        for name, content in entries:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    file.seek(0)
    return file


def special(kind, name="x.jpg", target="/etc/passwd"):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def refusal_of(*entry):
    [member] = TarArchive(packed(entry), LIMITS).members()
    return member.refusal


# It works


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_it_works(mode, form):
    long = "a/" * 40 + "long.jpg"
    entries = [("shoes/red/1.jpg", b"one" * 999), ("2.jpg", b""), (long, b"3" * 512)]
    file = packed(*entries, mode=mode, form=form)
    with open_archive(file, LIMITS) as archive:
        members = [*archive.members()]
        assert [member.path for member in members] == [name for name, _ in entries]
        assert [member.size for member in members] == [2997, 0, 512]
        assert [archive.read(member) for member in members] == [data for _, data in entries]
        assert archive.read(archive.member(0)) == entries[0][1]
        assert archive.read(archive.member(2)) == entries[2][1]
    assert not file.closed


def test_folders_and_what_systems_add_are_left_out():
    folder = tarfile.TarInfo("a")
    folder.type = tarfile.DIRTYPE
    file = packed((folder, b""), ("a/._1.jpg", b"x"), ("__MACOSX/1.jpg", b"x"), ("a/1.jpg", b"x"))
    assert [(one.index, one.path) for one in TarArchive(file, LIMITS).members()] == [(3, "a/1.jpg")]


def test_many_headers_are_not_kept():
    file = packed(*((f"{n}.jpg", b"x") for n in range(49)))
    archive = TarArchive(file, LIMITS)
    assert len([*archive.members()]) == 49
    assert archive._tar.members == []  # type: ignore[attr-defined]


def test_xz_in_several_streams_is_one_archive():
    whole = packed(("1.jpg", b"x" * 3000), ("2.jpg", b"y" * 3000)).getvalue()
    parts = lzma.compress(whole[:4000]) + lzma.compress(whole[4000:]) + b"\0" * 8
    archive = TarArchive(io.BytesIO(parts), LIMITS)
    assert [archive.read(archive.member(n)) for n in (0, 1)] == [b"x" * 3000, b"y" * 3000]


# Refusals


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(kind):
    assert "link or a device" in refusal_of(special(kind), b"")


@pytest.mark.parametrize("name", ["../up.jpg", "a/../../up.jpg", "/etc/up.jpg", "C:/up.jpg"])
def test_paths_that_lead_out_are_refused(name):
    assert "leads outside the archive" in refusal_of(name, b"x")


def test_what_is_refused_is_not_read():
    archive = TarArchive(packed((special(tarfile.SYMTYPE), b""), ("1.jpg", b"x")), LIMITS)
    first, second = archive.members()
    with pytest.raises(UnreadableMember):
        archive.read(first)
    assert archive.read(second) == b"x"


def test_a_large_file_is_refused_and_the_next_is_read():
    archive = TarArchive(packed(("1.jpg", b"x" * 100_001), ("2.jpg", b"y")), LIMITS)
    first, second = archive.members()
    assert first.refusal == ImageTooLarge(100_000, 100_001).reason
    assert archive.read(second) == b"y"


def test_too_many_files_are_refused():
    file = packed(*((f"{n}.jpg", b"x") for n in range(51)))
    with pytest.raises(ArchiveTooLarge, match="more than 50 files"):
        [*TarArchive(file, LIMITS).members()]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_is_not_unpacked(pack):
    bomb = pack(packed(("0.jpg", b"\0" * 30_000_000), ("1.jpg", b"x")).getvalue())
    with pytest.raises((ArchiveSuspicious, ArchiveTooLarge)):
        [*TarArchive(io.BytesIO(bomb), LIMITS).members()]


def test_the_total_has_a_limit():
    limits = ArchiveLimits(member_size=100_000, total=50_000, ratio=10_000)
    data = gzip.compress(packed(*((f"{n}.jpg", b"x" * 20_000) for n in range(4))).getvalue())
    with pytest.raises(ArchiveTooLarge, match="50 KB of files"):
        [*TarArchive(io.BytesIO(data), limits).members()]


def test_a_header_that_asks_for_much_is_refused():
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 8_000_000_000
    file = io.BytesIO(info.tobuf() + b"\0" * 2048)
    with pytest.raises(FileRefused):
        [*TarArchive(file, LIMITS).members()]


def test_xz_that_asks_for_much_memory_is_refused(monkeypatch):
    monkeypatch.setattr(tars, "_XZ_MEMORY", 1_000_000)
    data = packed(("1.jpg", b"x"), mode="w:xz")
    with pytest.raises(BrokenArchive):
        [*TarArchive(data, LIMITS).members()]


@pytest.mark.parametrize("mode", MODES)
def test_one_that_is_cut_off_says_so(mode):
    whole = packed(*((f"{n}.jpg", bytes(range(256)) * 40) for n in range(5)), mode=mode).getvalue()
    half = whole[: len(whole) // 2]
    with pytest.raises(FileRefused, match="damaged or incomplete"):
        [*open_archive(io.BytesIO(half), LIMITS).members()]


def test_what_is_no_archive_inside_says_so():
    with pytest.raises(BrokenArchive):
        open_archive(io.BytesIO(gzip.compress(b"hello" * 400)), LIMITS)


@settings(deadline=None, max_examples=150)
@given(
    data=st.data(),
    mode=st.sampled_from(MODES),
)
def test_whatever_is_changed_is_refused_in_words(data, mode):
    whole = bytearray(
        packed(("a/1.jpg", b"one" * 200), ("2.jpg", b"two" * 400), mode=mode).getvalue()
    )
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FileRefused):
        archive = open_archive(io.BytesIO(bytes(whole)), LIMITS)
        for member in [*archive.members()]:
            with contextlib.suppress(FileRefused):
                archive.read(member)


# Headers


def headers_of(data):
    return [*TarArchive(io.BytesIO(data), LIMITS).members()]


def of_three():
    return bytearray(packed(*((f"{n}.jpg", b"x" * 600) for n in range(3))).getvalue())


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("damage", [b"\xff" * 512, b"\0" * 512, b"\0" * 148 + b"garbage\0"])
def test_a_damaged_header_hides_no_file(at, damage):
    data = of_three()
    start = at * 3 * 512
    data[start : start + len(damage)] = damage
    with pytest.raises(BrokenArchive):
        headers_of(data)


@pytest.mark.parametrize("size", [1, 100, 511])
@pytest.mark.parametrize("filling", [b"\0", b"x"])
def test_a_block_that_is_cut_short_is_no_end(size, filling):
    with pytest.raises(BrokenArchive):
        headers_of(bytes(of_three()[: 3 * 3 * 512]) + filling * size)


@pytest.mark.parametrize("end", [b"", b"\0" * 512, b"\0" * 1024, b"\0" * 1024 + b"more" * 128])
def test_an_archive_may_end_with_less_than_it_should(end):
    assert len(headers_of(bytes(of_three()[: 3 * 3 * 512]) + end)) == 3


def block(name, kind, content, **fields):
    """Return a header and what stands behind it."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT) + content + b"\0" * (-len(content) % 512)


def record(key, value):
    """Return what a pax header says of one thing."""
    rest = b" %s=%s\n" % (key, value)
    size = len(rest)
    while len(b"%d" % size) + len(rest) != size:
        size = len(b"%d" % size) + len(rest)
    return b"%d" % size + rest


HOLES = 200_000


def sparse_1_0():
    said = record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0")
    holes = b"%d\n" % HOLES + b"1\n1\n" * HOLES
    return block("pax", tarfile.XHDTYPE, said) + block("holes.jpg", tarfile.REGTYPE, holes)


def sparse_old():
    head = bytearray(block("holes.jpg", tarfile.GNUTYPE_SPARSE, b"x" * 512))
    head[482], head[483:495] = 1, b"00000001000\0"
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    more = b"00000000001\0" * 42 + b"\1" + b"\0" * 7
    last = more[:504] + b"\0" * 8
    return bytes(head[:512]) + more * (HOLES // 21) + last + bytes(head[512:])


@pytest.mark.parametrize("holes", [sparse_1_0(), sparse_old()], ids=["1.0", "old"])
def test_what_is_said_of_holes_is_not_kept(holes):
    limits = ArchiveLimits(member_size=len(holes))
    data = holes + block("1.jpg", tarfile.REGTYPE, b"one") + b"\0" * 1024
    tracemalloc.start()
    archive = TarArchive(io.BytesIO(data), limits)
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    first, second = archive.members()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "link or a device" in first.refusal
    assert archive.read(second) == b"one"
    assert peak - before < 1_000_000


def test_what_is_said_of_all_files_is_bounded():
    said = b"".join(
        block(
            "pax",
            tarfile.XGLTYPE,
            b"".join(record(b"%d-%d" % (n, k), b"v" * 99) for k in range(99)),
        )
        + block(f"{n}.jpg", tarfile.REGTYPE, b"x")
        for n in range(20)
    )
    with pytest.raises(ArchiveTooLarge, match="a header of"):
        headers_of(said)


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_long_headers_are_refused(kind):
    said = record(b"path", b"x" * 70_000) if kind == tarfile.XHDTYPE else b"x" * 70_000
    with pytest.raises(ArchiveTooLarge, match="a header of 70 KB"):
        headers_of(block("long", kind, said) + block("1.jpg", tarfile.REGTYPE, b"x"))


@pytest.mark.parametrize("count", [40, 1000])
def test_headers_of_headers_are_refused(count):
    data = block("long", tarfile.GNUTYPE_LONGNAME, b"name\0") * count
    with pytest.raises(BrokenArchive):
        headers_of(data + block("1.jpg", tarfile.REGTYPE, b"x"))


def one_said(said, name="1.jpg", content=b"one"):
    """Return an archive of a file of which a pax header says something."""
    head = block("pax", tarfile.XHDTYPE, said)
    return head + block(name, tarfile.REGTYPE, content) + b"\0" * 1024


def test_the_library_searches_no_header(monkeypatch):
    """It looks for an encoding by trying each place of 64 KB of digits up to their end."""
    monkeypatch.setattr(tarfile.TarInfo, "_proc_pax", None)
    said = record(b"comment", b"1" * 60_000) + record(b"path", "Grün/1.jpg".encode())
    [member] = headers_of(one_said(said))
    assert member.path == "Grün/1.jpg"


def test_of_what_is_said_of_all_files_no_more_than_counts_is_repeated_for_each():
    keys = b"".join(record(b"k%d" % number, b"v") for number in range(4000))
    said = block("pax", tarfile.XGLTYPE, keys + record(b"comment", b"all"))
    data = said + block("1.jpg", tarfile.REGTYPE, b"one") + b"\0" * 1024
    with TarArchive(io.BytesIO(data)) as archive:
        [member] = archive.members()
        assert archive.read(member) == b"one"
        assert archive._tar.pax_headers == {}


@pytest.mark.parametrize(
    "said",
    [
        record(b"size", b"-512"),
        record(b"size", b"three"),
        b"9 path=\n" * 3,
        b"0 path=x\n",
        b"99 path=x\n",
        b"path=x\n",
        b"11 path\n",
        b"1" * 60_000,
    ],
)
def test_a_pax_header_that_makes_no_sense_is_not_passed_over(said):
    with pytest.raises(BrokenArchive):
        headers_of(one_said(said))


def test_a_size_below_zero_leads_nowhere():
    info = tarfile.TarInfo("1.jpg")
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    head[124:136] = b"\xff" * 10 + b"\xfe\x00"  # -512, as GNU writes it
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    with pytest.raises(BrokenArchive):
        headers_of(bytes(head) + b"\0" * 1024)


@pytest.mark.parametrize("name", [b"GNU.sparse.size", b"GNU.sparse.map", b"GNU.sparse.major"])
def test_a_file_with_holes_is_told_by_any_of_its_marks(name):
    [member] = headers_of(one_said(record(name, b"3")))
    assert "link or a device" in member.refusal


def test_folders_are_no_files():
    data = block("a/", tarfile.DIRTYPE, b"") + block("a/1.jpg", tarfile.REGTYPE, b"one")
    with TarArchive(io.BytesIO(data + b"\0" * 1024)) as archive:
        assert [entry and entry.path for entry in archive.entries()] == [None, "a/1.jpg"]
