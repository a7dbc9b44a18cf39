"""Read TAR archives, plain or compressed by gzip, bzip2 or xz: forward, in one pass.

Nothing is extracted to disk, and neither headers nor contents are kept: an archive of 20 GB takes
no more memory than one of 20 MB. Going back means reading it from the start again.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import IO, Any, Final

from dashboard.files.archives.code_pages import Guess
from dashboard.files.archives.junk import is_junk
from dashboard.files.archives.members import DAMAGED, NO_FILE, Member, path_parts, refusal_of_path
from dashboard.files.archives.names import Names, Twins, is_utf8
from dashboard.files.archives.tar_headers import Tar
from dashboard.files.errors import (
    ArchiveSuspicious,
    ArchiveTooLarge,
    BrokenArchive,
    FileRefused,
    ImageTooLarge,
    PackedFile,
    UnreadableMember,
)
from dashboard.files.limits import MIB, ArchiveLimits, configured_archive_limits
from dashboard.files.sizes import readable_size
from dashboard.files.store.faults import blaming_the_bytes

_BROKEN: Final = (
    *(tarfile.TarError, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError),
    *(OverflowError, LookupError, RuntimeError, MemoryError),
)
# xz may request gigabytes; its highest preset needs 65 MB.
_XZ_MEMORY: Final = 128 * MIB
# Skipped bytes are unpacked, too, in steps of this size: the limits are checked after each.
_STEP: Final = 256 * 1024


class TarArchive(AbstractContextManager["TarArchive"]):
    """A TAR file, read from a seekable file.

    Raises BrokenArchive or PackedFile when it is opened. Members are read in the order of the
    archive.
    """

    has_directory = False

    def __init__(
        self, file: IO[bytes], limits: ArchiveLimits | None = None, *, code_page: str = ""
    ) -> None:
        self.limits = limits or configured_archive_limits()
        self._file = file
        self._names = Names(code_page, self._legacy)
        try:
            self._rewind()
        except BrokenArchive:
            if _is_single_file(file):
                raise PackedFile from None
            raise

    @property
    def guess(self) -> Guess | None:
        """Return the code page that was assumed for names, or None."""
        return self._names.guess

    def _legacy(self) -> Generator[bytes]:
        """Read the names of the archive from its start, without moving the current position."""
        at = self._file.tell()
        try:
            other = TarArchive(self._file, self.limits)
            while (info := other._next()) is not None:
                if not is_utf8(raw := _raw(info)):
                    yield raw
        except FileRefused:
            return  # reported when the files are listed
        finally:
            self._file.seek(at)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the archive but not the file, which the caller has opened."""
        self._tar.close()

    def members(self) -> Iterator[Member]:
        """Yield every file, in the order of the archive, without folders and junk.

        Raises BrokenArchive and ArchiveTooLarge at the entry where this is found.
        """
        yield from (member for member in self.entries() if member is not None)

    def entries(self) -> Iterator[Member | None]:
        """Yield the same, and None for each entry that is not a file, or is junk."""
        self._rewind()
        twins = Twins()
        while (info := self._next()) is not None:
            member = None if info.isdir() else self._member(self._index, info)
            if member is None or is_junk(member.path):
                yield None
            elif (raw := _raw(info)).isascii():
                yield member
            else:
                parts = twins.told_apart(member.parts, raw)
                yield member if parts is member.parts else replace(member, parts=parts)

    def member(self, index: int) -> Member:
        """Return one file. Raises BrokenArchive and ArchiveTooLarge."""
        # A compressed stream cannot go back: it is unpacked from its beginning again.
        if index < self._index:
            self._rewind()
        while self._index < index:
            self._next()
            if self._info is None:
                raise BrokenArchive
        return self._member(index, self._here())

    def read(self, member: Member) -> bytes:
        """Return the content of one file, within the limits.

        Raises UnreadableMember, ImageTooLarge, ArchiveSuspicious and ArchiveTooLarge.
        """
        if member.refusal is not None:
            raise UnreadableMember(member.path, member.refusal)
        if member.index != self._index:
            self.member(member.index)
        with blaming_the_bytes(_BROKEN, lambda: UnreadableMember(member.path, DAMAGED)):
            # tarfile would follow a link to another member; links were already refused as
            # `NO_FILE`.
            content = self._tar.extractfile(self._here())
            data = content.read(self.limits.member_size + 1) if content is not None else b""
        if len(data) < member.size:
            raise UnreadableMember(
                member.path,
                "The archive ends within the file. Pack it again or upload the file separately.",
            )
        return data

    def _rewind(self) -> None:
        self._file.seek(0)
        packed = _Counted(self._file)
        with blaming_the_bytes(_BROKEN, BrokenArchive):
            self._stream = _Judged(_unpacked(packed), packed, self.limits)
            self._tar = Tar(fileobj=self._stream, encoding="utf-8", errors="surrogateescape")  # type: ignore[arg-type]
        self.unpacks_on_the_way = not self._stream.is_plain
        self._index = -1
        self._info: tarfile.TarInfo | None = None

    def _here(self) -> tarfile.TarInfo:
        if self._info is None:
            raise BrokenArchive
        return self._info

    def _next(self) -> tarfile.TarInfo | None:
        with blaming_the_bytes(_BROKEN, BrokenArchive):
            self._info = self._tar.next()
        # The library stores every header that it has read; they are not needed.
        self._tar.members.clear()  # type: ignore[attr-defined]
        self._index += 1  # even past the last one, so that continuing from there means going back
        if self._info is not None and self._index >= self.limits.members:
            raise ArchiveTooLarge(f"more than {self.limits.members:,} files")
        return self._info

    def _member(self, index: int, info: tarfile.TarInfo) -> Member:
        name = self._names.text(_raw(info))
        parts = path_parts(name)
        refusal = refusal_of_path(name, parts) or self._refusal_of_entry(info)
        return Member(index, parts, info.size, info.size, refusal)

    def _refusal_of_entry(self, info: tarfile.TarInfo) -> str | None:
        if not info.isfile() or info.issparse():
            return NO_FILE
        if info.size > self.limits.member_size:
            return ImageTooLarge(self.limits.member_size, info.size).reason
        return None


def _raw(info: tarfile.TarInfo) -> bytes:
    """Return the bytes of a name; undecodable ones were kept as surrogates."""
    return info.name.encode("utf-8", "surrogateescape")


def _is_single_file(file: IO[bytes]) -> bool:
    """Return whether the unpacked data does not begin with a TAR header."""
    file.seek(0)
    packed = _Counted(file)
    with suppress(*_BROKEN):
        stream = _unpacked(packed)
        block = stream.read(tarfile.BLOCKSIZE)
        return stream is not packed and bool(block) and not _is_header(block)
    return False


def _is_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _unpacked(packed: "_Counted") -> Any:
    """Return the archive's bytes, unpacked while they are read; the first bytes show how."""
    head = packed.read(6)
    packed.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=packed)
    if head.startswith(b"BZh"):
        return bz2.BZ2File(packed)
    return io.BufferedReader(_Xz(packed), _STEP) if head.startswith(b"\xfd7zXZ") else packed


class _Counted:
    """The compressed file; it counts the bytes that were read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.consumed = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.consumed += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    @property
    def closed(self) -> bool:
        return self._file.closed


class _Judged:
    """The unpacked bytes that tarfile reads, with limits for headers and against bombs.

    In compressed archives going forward means unpacking all data in between, so that is checked,
    too.
    """

    def __init__(self, stream: Any, packed: _Counted, limits: ArchiveLimits) -> None:
        self._stream, self._packed, self._limits = stream, packed, limits
        self.is_plain = stream is packed
        self._most = limits.member_size + MIB

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self._most:
            raise ArchiveTooLarge(f"a header of {readable_size(size)}")
        data: bytes = self._stream.read(size)
        if not self.is_plain:
            self._judge(self._stream.tell())
        return data

    def seek(self, offset: int) -> int:
        if self.is_plain:
            return self._packed.seek(offset)
        while (left := offset - self._stream.tell()) > 0:
            if not self.read(min(left, _STEP)):
                break
        return self.tell() if left >= 0 else int(self._stream.seek(offset))

    def tell(self) -> int:
        return int(self._stream.tell())

    def _judge(self, unpacked: int) -> None:
        if unpacked > self._limits.total:
            raise ArchiveTooLarge(f"more than {readable_size(self._limits.total)} of files")
        # For the whole stream, not for a member: in a compressed TAR members share their packed
        # bytes.
        allowed = max(self._limits.free, self._packed.consumed * self._limits.ratio)
        if unpacked > allowed:
            raise ArchiveSuspicious("The archive", self._limits.ratio)


class _Xz(io.RawIOBase):
    """Unpacks xz with bounded memory, whatever the file requests; `lzma.LZMAFile` has no limit."""

    def __init__(self, packed: _Counted) -> None:
        self._packed = packed
        self._at = 0
        self._lzma = self._fresh()

    @staticmethod
    def _fresh() -> lzma.LZMADecompressor:
        # FORMAT_XZ alone: the older .lzma format has no magic number.
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            if self._lzma.eof:
                rest = self._lzma.unused_data or self._packed.read(_STEP)
                if not rest.strip(b"\x00"):  # padding, or the end
                    return 0
                self._lzma = self._fresh()
            else:
                rest = self._packed.read(_STEP) if self._lzma.needs_input else b""
                if not rest and self._lzma.needs_input:
                    raise EOFError("the archive is cut off")
            data = self._lzma.decompress(rest, len(buffer))
            if data:
                buffer[: len(data)] = data
                self._at += len(data)
                return len(data)

    def tell(self) -> int:
        return self._at
