"""Store bytes that arrive in pieces as objects of the storage, and read them as one file.

An object is written whole and never changed, so any web server on any machine can continue where
another stopped, on an object store as well as on a disk.
"""

import errno
import hashlib
import hmac
import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, Final, cast

from dashboard.files.errors import StorageAway
from dashboard.files.store import storage

# The most that is lost when the program dies, and the most that one object has.
LARGEST: Final = 32 << 20
STEP: Final = 1 << 20  # bytes in memory at a time
_READ_AHEAD: Final = 128 << 10


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the whole, as an object of the storage."""

    path: str
    start: int
    size: int


class ChecksumMismatch(Exception):
    """The received bytes do not match their checksum; they were deleted."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """The expected hash of the bytes: `algorithm` is a name of `hashlib`."""

    algorithm: str
    digest: bytes


class Incoming:
    """A request body: never reads more than was announced, and an early end is not an error.

    A broken connection returns the bytes received until then, and sets `broken`.
    """

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream, self._left = stream, length
        self._ahead = b""
        self.broken = False

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, at most a `STEP`; empty at the end."""
        if self._ahead:
            data, self._ahead = self._ahead, b""
            return data
        try:
            data = self._stream.read(min(size, STEP, self._left))
        except OSError:
            self.broken = True
            data = b""
        self._left = self._left - len(data) if data else 0
        return data

    def peek(self) -> bytes:
        """Return the next bytes without consuming them; empty at the end."""
        self._ahead = self._ahead or self.read(STEP)
        return self._ahead


def write(name: str, incoming: Incoming, checksum: Checksum | None = None) -> int:
    """Store the next bytes, at most `LARGEST`, under this name; return how many.

    Raises `ChecksumMismatch`; then nothing is stored.
    """
    # Hashed while it is written: a piece is read once, and its bytes are never all in memory.
    section = _Section(incoming, checksum)
    storage.write_from(name, cast("IO[bytes]", section))
    if not section.is_as_announced():
        # No row names it yet, so nobody can have read it.
        storage.delete(name)
        raise ChecksumMismatch
    return section.count


class _Section:
    """The part of a body that goes into the next object."""

    def __init__(self, incoming: Incoming, checksum: Checksum | None) -> None:
        self._incoming, self._checksum = incoming, checksum
        self._hash = hashlib.new(checksum.algorithm) if checksum else None
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        # A step that was read ahead is never cut: the largest object is a whole number of steps.
        if self.count + STEP > LARGEST:
            return b""
        data = self._incoming.read(STEP if size is None or size < 0 else size)
        self.count += len(data)
        if self._hash:
            self._hash.update(data)
        return data

    def is_as_announced(self) -> bool:
        if self._hash is None or self._checksum is None:
            return True
        return hmac.compare_digest(self._hash.digest(), self._checksum.digest)


def open_chunks(pieces: Sequence[Piece]) -> BinaryIO:
    """Open consecutive pieces as one file, buffered and seekable."""
    return cast("BinaryIO", io.BufferedReader(_Joined(pieces), _READ_AHEAD))


class _Joined(io.RawIOBase):
    """Objects one after another; at most one of them is open."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = sorted(pieces, key=lambda piece: piece.start)
        self._starts = [piece.start for piece in self._pieces]
        self._size = sum(piece.size for piece in pieces)
        self._at = 0
        self._open: tuple[Piece, IO[bytes]] | None = None
        # A gap would shift everything behind it: an error is better than wrong bytes.
        if self._starts != list(_places(self._pieces)):
            raise ValueError("The pieces do not follow each other.")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            # As a file of the system does: zipfile seeks this far back in an empty archive.
            raise OSError(errno.EINVAL, "There is nothing before the first byte.")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        piece = self._pieces[bisect_right(self._starts, self._at) - 1]
        file = self._file_of(piece)
        within = self._at - piece.start
        if file.tell() != within:
            file.seek(within)
        data = file.read(min(len(buffer), piece.size - within))
        if not data:
            raise StorageAway(
                "A piece of an uploaded file is shorter than it was when it was written."
            )
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _file_of(self, piece: Piece) -> IO[bytes]:
        if self._open is None or self._open[0] != piece:
            self._let_go()
            self._open = piece, storage.open(piece.path)
        return self._open[1]

    def _let_go(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def close(self) -> None:
        self._let_go()
        super().close()


def _places(pieces: Sequence[Piece]) -> Iterator[int]:
    place = 0
    for piece in pieces:
        yield place
        place += piece.size
