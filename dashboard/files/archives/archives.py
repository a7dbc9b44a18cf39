"""Read archives from other programs: file by file, into memory, never onto the disk.

Nothing in an archive's metadata is trusted: paths are checked, and sizes are those of the bytes
that were really read. One archive object belongs to one thread.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import IO, Final, Protocol, Self

from dashboard.files.archives.code_pages import Guess
from dashboard.files.archives.junk import is_junk
from dashboard.files.archives.members import (
    DAMAGED,
    NO_FILE,
    Member,
    Wrapper,
    common_folder,
    group_name,
    path_parts,
    refusal_of_path,
)
from dashboard.files.archives.names import Names, Twins, is_utf8, unicode_path
from dashboard.files.archives.tars import TarArchive
from dashboard.files.errors import (
    ArchiveSuspicious,
    ArchiveTooLarge,
    BrokenArchive,
    ImageTooLarge,
    UnreadableMember,
)
from dashboard.files.images.kinds import HEAD, is_tar, refuse_office
from dashboard.files.limits import ArchiveLimits, configured_archive_limits
from dashboard.files.sizes import readable_size
from dashboard.files.store.faults import blaming_the_bytes

__all__ = [
    "Archive",
    "Member",
    "TarArchive",
    "Wrapper",
    "ZipArchive",
    "common_folder",
    "group_name",
    "list_members",
    "open_archive",
]

_BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError),
    *(LookupError, OverflowError, RuntimeError, MemoryError),
)
# In a ZIP a directory entry is at least 46 bytes and a name; long paths need a few hundred.
_ENTRY_BYTES: Final = 400
_SMALL_DIRECTORY: Final = 1024 * 1024
_ENTRY_SIGN: Final = b"PK\x01\x02"
_ENTRY: Final = struct.Struct("<4s4xH18xHHH12x")
_HEADER: Final = struct.Struct("<4s22xHH")
_HEADER_SIGN: Final = b"PK\x03\x04"
_MIME_TYPE: Final = 100
# The first date that a ZIP can represent.
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
_UTF8_FLAG: Final = 0x800
# DOS and Windows, by the numbers that packers write: there a backslash separates folders.
_WITH_BACKSLASHES: Final = frozenset({0, 6, 10, 11, 14})
_ENCRYPTED_FLAG: Final = 0x1


class Archive(Protocol):
    """The interface of all archives.

    If it `unpacks_on_the_way`, everything before a file is unpacked to reach it: read while
    listing. If it `has_directory`, its members may be listed again meanwhile.
    """

    unpacks_on_the_way: bool
    has_directory: bool

    @property
    def guess(self) -> Guess | None:
        """Return the code page that was assumed for names, or None."""

    def members(self) -> Iterator[Member]:
        """Yield every file, in the order of the archive, including refused ones."""

    def entries(self) -> Iterator[Member | None]:
        """Yield the same, and None for each entry that is not a file, or is junk."""

    def member(self, index: int) -> Member:
        """Return the file with this index. Raises a FileRefused."""

    def read(self, member: Member) -> bytes:
        """Return the content of one file. Raises a FileRefused, after which others can be read."""

    def __enter__(self) -> Self:
        """Return the archive."""

    def __exit__(self, *_: object) -> None:
        """Close it."""

    def close(self) -> None:
        """Close the archive but not the file, which the caller has opened."""


def open_archive(
    file: IO[bytes], limits: ArchiveLimits | None = None, *, code_page: str = ""
) -> Archive:
    """Open a ZIP or a TAR, whichever it is. Raises BrokenArchive and ArchiveTooLarge.

    Names that are not UTF-8 are decoded with `code_page`; without one, it is guessed.
    """
    head = file.read(HEAD)
    file.seek(0)
    kind = TarArchive if is_tar(head) else ZipArchive
    return kind(file, limits, code_page=code_page)


class ZipArchive(AbstractContextManager["ZipArchive"]):
    """A ZIP file, read from a seekable file.

    Raises BrokenArchive, ArchiveTooLarge or OtherFormat when it is opened.
    """

    unpacks_on_the_way = False
    has_directory = True

    def __init__(
        self, file: IO[bytes], limits: ArchiveLimits | None = None, *, code_page: str = ""
    ) -> None:
        self.limits = limits or configured_archive_limits()
        # Bytes are counted while the file is read: the sizes in a ZIP's directory are not trusted.
        self._source = _CountingReader(file, self.limits.members, unflags=True)
        self._unpacked = 0
        with blaming_the_bytes(_BROKEN, BrokenArchive):
            self._zip = zipfile.ZipFile(self._source)
        self._source.is_open = True
        self._names = Names(code_page, self._legacy)
        refuse_office([info.orig_filename for info in self._zip.infolist()], self._mime_type())
        self._slim()

    def _mime_type(self) -> bytes:
        first = next(iter(self._zip.infolist()), None)
        if first is None or first.orig_filename != "mimetype":
            return b""
        with blaming_the_bytes(_BROKEN, BrokenArchive), self._content(first) as file:
            return file.read(_MIME_TYPE)

    def _slim(self) -> None:
        """Keep no more of each entry than reading needs: there may be 200,000."""
        # Members are accessed by index only, since two of them may have the same name.
        self._zip.NameToInfo.clear()
        self._is_plain = True
        for info in self._zip.infolist():
            info.date_time, info.comment = _NO_DATE, b""
            info.extra = unicode_path(info.extra, _raw(info)) if info.extra else b""
            self._is_plain &= info.orig_filename.isascii() and not info.extra

    def _legacy(self) -> Generator[bytes]:
        for info in self._zip.infolist():
            if not info.orig_filename.isascii() and not info.extra and not is_utf8(_raw(info)):
                yield _raw(info)

    @property
    def guess(self) -> Guess | None:
        """Return the code page that was assumed for names, or None."""
        return self._names.guess

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the archive but not the file, which the caller has opened."""
        self._zip.close()

    def members(self) -> Iterator[Member]:
        """Yield every file, in the order of the archive, without folders and junk."""
        yield from (member for member in self.entries() if member is not None)

    def entries(self) -> Iterator[Member | None]:
        """Yield the same, and None for each entry that is not a file, or is junk."""
        twins = Twins()
        for index, info in enumerate(self._zip.infolist()):
            member = None if _is_folder(info) else self._member(index, info)
            if member is None or is_junk(member.path):
                yield None
            elif self._is_plain:
                yield member
            else:
                parts = twins.told_apart(member.parts, _raw(info))
                yield member if parts is member.parts else replace(member, parts=parts)

    def member(self, index: int) -> Member:
        """Return the file with this index."""
        return self._member(index, self._zip.infolist()[index])

    def read(self, member: Member) -> bytes:
        """Return the content of one file, within the limits.

        Raises UnreadableMember, ImageTooLarge, ArchiveSuspicious (all of this file alone) and
        ArchiveTooLarge.
        """
        if member.refusal is not None:
            raise UnreadableMember(member.path, member.refusal)
        before = self._source.consumed
        data = self._unpack(member)
        self._judge(member, len(data), self._source.consumed - before)
        return data

    def _unpack(self, member: Member) -> bytes:
        with (
            blaming_the_bytes(_BROKEN, lambda: UnreadableMember(member.path, DAMAGED)),
            self._content(self._zip.infolist()[member.index]) as file,
        ):
            # One byte more than allowed shows that there is more, however much that would be.
            data = file.read(self.limits.member_size + 1)
        if len(data) > self.limits.member_size:
            raise ImageTooLarge(self.limits.member_size)
        return data

    def _content(self, info: zipfile.ZipInfo) -> zipfile.ZipExtFile:
        """Open the data behind a file's local header.

        `ZipFile.open` compares the name there with that of the directory. That fails for names that
        are not UTF-8 despite their flag, and for packers that write the name in two ways.
        """
        self._source.seek(info.header_offset)
        sign, name, extra = _HEADER.unpack(self._source.read(_HEADER.size))
        if sign != _HEADER_SIGN:
            raise zipfile.BadZipFile
        # The lengths of the local header: its extra field may differ from that of the directory.
        self._source.seek(info.header_offset + _HEADER.size + name + extra)
        return zipfile.ZipExtFile(self._source, "r", info)

    def _judge(self, member: Member, unpacked: int, packed: int) -> None:
        # By the bytes that this member really used: members that share packed bytes, as in a bomb
        # of overlapping files, are each checked alone, and all of them by `total`.
        if unpacked > self.limits.free and unpacked > packed * self.limits.ratio:
            raise ArchiveSuspicious(member.path, self.limits.ratio)
        self._unpacked += unpacked
        if self._unpacked > self.limits.total:
            raise ArchiveTooLarge(f"more than {readable_size(self.limits.total)} of files")

    def _member(self, index: int, info: zipfile.ZipInfo) -> Member:
        name = self._names.text(info.extra or _raw(info))
        if info.create_system in _WITH_BACKSLASHES:
            name = name.replace("\\", "/")
        parts = path_parts(name)
        refusal = refusal_of_path(name, parts) or self._refusal_of_entry(info)
        return Member(index, parts, info.file_size, info.compress_size, refusal)

    def _refusal_of_entry(self, info: zipfile.ZipInfo) -> str | None:
        kind = stat.S_IFMT(info.external_attr >> 16)
        # 0: packers on Windows write no mode at all.
        if kind not in (0, stat.S_IFREG):
            return NO_FILE
        if info.flag_bits & _ENCRYPTED_FLAG:
            return "It is protected with a password. Pack it again without one."
        # zipfile reads bzip2 and LZMA, too. An LZMA stream itself sets how much memory it uses.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            return (
                "It is compressed with a method that is not supported. Pack it as an ordinary ZIP."
            )
        if info.file_size > self.limits.member_size:
            return ImageTooLarge(self.limits.member_size, info.file_size).reason
        return None


def _is_folder(info: zipfile.ZipInfo) -> bool:
    """Return whether an entry is a folder, by its name, or by its mode if the slash is missing."""
    if info.create_system in _WITH_BACKSLASHES and info.filename.endswith("\\"):
        return not info.file_size  # otherwise it may be the second byte of a character
    return info.filename.endswith("/") or stat.S_ISDIR(info.external_attr >> 16)


def _raw(info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of a name; see `_unflagged`."""
    return info.orig_filename.encode("cp437")


def _unflagged(directory: bytes) -> bytes:
    """Return a ZIP's directory without the flags that mark its names as UTF-8.

    zipfile refuses the whole archive for one name that does not match its flag. Without flags it
    decodes every name in a code page of 256 characters, from which the bytes can be restored.
    """
    data, at = bytearray(directory), 0
    while at + _ENTRY.size <= len(data):
        sign, flags, name, extra, comment = _ENTRY.unpack_from(data, at)
        if sign != _ENTRY_SIGN:
            break
        struct.pack_into("<H", data, at + 8, flags & ~_UTF8_FLAG)
        at += _ENTRY.size + name + extra + comment
    return bytes(data)


def open_zip(file: IO[bytes], *, members: int) -> zipfile.ZipFile:
    """Open a ZIP of at most this many members for reading, however large they are.

    Raises BrokenArchive and ArchiveTooLarge.
    """
    source = _CountingReader(file, members)
    with blaming_the_bytes(_BROKEN, BrokenArchive):
        opened = zipfile.ZipFile(source)
    source.is_open = True
    return opened


def list_members(file: IO[bytes], limits: ArchiveLimits | None = None) -> Iterator[Member]:
    """Yield the files of a ZIP; those that cannot be read have a refusal.

    Raises BrokenArchive and ArchiveTooLarge.
    """
    with ZipArchive(file, limits) as archive:
        yield from archive.members()


class _CountingReader:
    """The file that zipfile reads: it counts bytes, and never reads a giant directory."""

    def __init__(self, file: IO[bytes], members: int, *, unflags: bool = False) -> None:
        self._file, self._members, self._unflags = file, members, unflags
        self.consumed = 0
        self.is_open = False

    def read(self, size: int = -1) -> bytes:
        # zipfile reads the whole directory at once and makes an object of every entry. Whatever
        # number the archive states, it is checked here, before any of that memory is used.
        if not self.is_open and size > max(_SMALL_DIRECTORY, self._members * _ENTRY_BYTES):
            raise ArchiveTooLarge(f"more than {self._members:,} files")
        data = self._file.read(size)
        if not self.is_open and data.count(_ENTRY_SIGN) > self._members:
            raise ArchiveTooLarge(f"more than {self._members:,} files")
        self.consumed += len(data)
        is_directory = not self.is_open and data.startswith(_ENTRY_SIGN)
        return _unflagged(data) if self._unflags and is_directory else data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True
