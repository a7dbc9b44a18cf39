"""Reading archives that others packed: member by member, into memory, never onto the disk.

Nothing that an archive says of itself is believed: paths are judged, and sizes are those of the
bytes that were really read. One archive object belongs to one thread.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import IO, Final, Protocol, Self

from .errors import (
    ArchiveSuspicious,
    ArchiveTooLarge,
    BrokenArchive,
    ImageTooLarge,
    UnreadableMember,
    readable_size,
)
from .faults import blaming_the_bytes
from .kinds import HEAD, is_tar
from .limits import ArchiveLimits, configured_archive_limits
from .members import (
    DAMAGED,
    NO_FILE,
    Member,
    Wrapper,
    common_folder,
    decoded_name,
    group_name,
    is_junk,
    path_parts,
    refusal_of_path,
)
from .tars import TarArchive

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
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
_UTF8_FLAG: Final = 0x800
_ENCRYPTED_FLAG: Final = 0x1


class Archive(Protocol):
    """What an importer needs of an archive, whatever its kind.

    If it `unpacks_on_the_way`, what lies before a file is unpacked to reach it: read while listing.
    """

    unpacks_on_the_way: bool

    def members(self) -> Iterator[Member]:
        """Yield every file, in the order of the archive, refused ones too."""

    def entries(self) -> Iterator[Member | None]:
        """Yield the same, and None for each entry that is no file: a folder, a system's own."""

    def member(self, index: int) -> Member:
        """Return the file at that place. Raises a FileRefused."""

    def read(self, member: Member) -> bytes:
        """Return the content of one file. Raises a FileRefused, after which others can be read."""

    def __enter__(self) -> Self:
        """Return the archive."""

    def __exit__(self, *_: object) -> None:
        """Close it."""

    def close(self) -> None:
        """Let go of the file; it is not closed, as others opened it."""


def open_archive(file: IO[bytes], limits: ArchiveLimits | None = None) -> Archive:
    """Open a ZIP or a TAR, whichever it is. Raises BrokenArchive, ArchiveTooLarge."""
    head = file.read(HEAD)
    file.seek(0)
    return TarArchive(file, limits) if is_tar(head) else ZipArchive(file, limits)


class ZipArchive(AbstractContextManager["ZipArchive"]):
    """A ZIP file, read straight from a seekable file.

    Raises BrokenArchive or ArchiveTooLarge when it is opened.
    """

    unpacks_on_the_way = False

    def __init__(self, file: IO[bytes], limits: ArchiveLimits | None = None) -> None:
        self.limits = limits or configured_archive_limits()
        self._source = _CountingReader(file, self.limits.members)
        self._unpacked = 0
        with blaming_the_bytes(_BROKEN, BrokenArchive):
            self._zip = zipfile.ZipFile(self._source)
        self._source.is_open = True
        self._slim()

    def _slim(self) -> None:
        """Keep no more of each entry than reading needs: there may be 200,000."""
        self._zip.NameToInfo.clear()
        for info in self._zip.infolist():
            info.date_time, info.comment, info.extra = _NO_DATE, b"", b""

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; it is not closed, as others opened it."""
        self._zip.close()

    def members(self) -> Iterator[Member]:
        """Yield every file, in the order of the archive, less folders and what systems add."""
        yield from (member for member in self.entries() if member is not None)

    def entries(self) -> Iterator[Member | None]:
        """Yield the same, and None for each entry that is no file."""
        for index, info in enumerate(self._zip.infolist()):
            member = None if _is_folder(info) else self._member(index, info)
            yield None if member is None or is_junk(member.parts) else member

    def member(self, index: int) -> Member:
        """Return the file at that place."""
        return self._member(index, self._zip.infolist()[index])

    def read(self, member: Member) -> bytes:
        """Return the content of one file, never more than the limits let pass.

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
            self._zip.open(self._zip.infolist()[member.index]) as file,
        ):
            data = file.read(self.limits.member_size + 1)
        if len(data) > self.limits.member_size:
            raise ImageTooLarge(self.limits.member_size)
        return data

    def _judge(self, member: Member, unpacked: int, packed: int) -> None:
        if unpacked > self.limits.free and unpacked > packed * self.limits.ratio:
            raise ArchiveSuspicious(member.path, self.limits.ratio)
        self._unpacked += unpacked
        if self._unpacked > self.limits.total:
            raise ArchiveTooLarge(f"more than {readable_size(self.limits.total)} of files")

    def _member(self, index: int, info: zipfile.ZipInfo) -> Member:
        raw = decoded_name(info.orig_filename, is_utf8=bool(info.flag_bits & _UTF8_FLAG))
        parts = path_parts(raw)
        refusal = refusal_of_path(raw, parts) or self._refusal_of_entry(info)
        return Member(index, parts, info.file_size, info.compress_size, refusal)

    def _refusal_of_entry(self, info: zipfile.ZipInfo) -> str | None:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            return NO_FILE
        if info.flag_bits & _ENCRYPTED_FLAG:
            return "It is locked with a password. Pack it again without one."
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            return "It is packed in a way that is not supported. Pack it as an ordinary ZIP."
        if info.file_size > self.limits.member_size:
            return ImageTooLarge(self.limits.member_size, info.file_size).reason
        return None


def _is_folder(info: zipfile.ZipInfo) -> bool:
    """Tell a folder by its name, or by its mode where a packer left the slash out."""
    return info.filename.endswith("/") or stat.S_ISDIR(info.external_attr >> 16)


def open_zip(file: IO[bytes], *, members: int) -> zipfile.ZipFile:
    """Open a ZIP of at most so many members for reading, however large they are.

    Raises BrokenArchive, ArchiveTooLarge.
    """
    source = _CountingReader(file, members)
    with blaming_the_bytes(_BROKEN, BrokenArchive):
        opened = zipfile.ZipFile(source)
    source.is_open = True
    return opened


def list_members(file: IO[bytes], limits: ArchiveLimits | None = None) -> Iterator[Member]:
    """Yield the files of a ZIP, those that cannot be taken with the reason.

    Raises BrokenArchive, ArchiveTooLarge.
    """
    with ZipArchive(file, limits) as archive:
        yield from archive.members()


class _CountingReader:
    """The file as zipfile sees it: bytes are counted, and no giant directory is ever read."""

    def __init__(self, file: IO[bytes], members: int) -> None:
        self._file, self._members = file, members
        self.consumed = 0
        self.is_open = False

    def read(self, size: int = -1) -> bytes:
        # zipfile reads the whole directory at once and makes an object of every entry: whatever
        # number the archive gives, it is judged here, before a byte of that memory is spent.
        if not self.is_open and size > max(_SMALL_DIRECTORY, self._members * _ENTRY_BYTES):
            raise ArchiveTooLarge(f"more than {self._members:,} files")
        data = self._file.read(size)
        if not self.is_open and data.count(_ENTRY_SIGN) > self._members:
            raise ArchiveTooLarge(f"more than {self._members:,} files")
        self.consumed += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True
