"""Read an object of a store as a file: by ranges that grow while it is read sequentially."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

FIRST: Final = 256 * 1024  # nearly every image fits into the first request
_LARGEST: Final = 4 * 1024 * 1024


@dataclass(frozen=True)
class Stretch:
    """A part of an object: its start, its bytes, and the size of the whole object."""

    start: int
    data: bytes
    whole: int

    def covers(self, position: int) -> bool:
        """Return whether the byte at this position is in it."""
        return self.start <= position < self.start + len(self.data)


Fetch = Callable[[int, int], Stretch]


class RangeReader(io.RawIOBase):
    """A seekable file of an object; at most one range is in memory, 4 MiB at the largest.

    `fetch` returns up to the given number of bytes from a position on. Sequential reading doubles
    the range, a seek makes it small again: a ZIP's directory and one member of it cost two or three
    requests.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._size = FIRST
        # At once, since opening must tell whether the object exists, and how long it is.
        self._held = fetch(0, FIRST)
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position; nothing is fetched before it is read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._held.whole}[whence]
        if base + offset < 0:
            raise ValueError("There is nothing before the beginning.")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read from the current range, or fetch the next one."""
        if self._at >= self._held.whole:
            return 0
        if not self._held.covers(self._at):
            self._move()
        begin = self._at - self._held.start
        data = self._held.data[begin : begin + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def readall(self) -> bytes:
        """Return the rest, with one request for what is not in memory."""
        held = self._held
        begin = self._at - held.start
        here = held.data[begin:] if held.covers(self._at) else b""
        missing = held.whole - self._at - len(here)
        if missing > 0:
            here += self._fetch(self._at + len(here), missing).data
        self._at += len(here)
        return here

    def _move(self) -> None:
        goes_on = self._at == self._held.start + len(self._held.data)
        self._size = min(2 * self._size, _LARGEST) if goes_on else FIRST
        self._held = self._fetch(self._at, self._size)
