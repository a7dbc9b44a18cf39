"""Read an object of a store as a file: by ranges, in stretches that grow while it is read on."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

FIRST: Final = 256 * 1024  # nearly every image comes with the first request
_LARGEST: Final = 4 * 1024 * 1024


@dataclass(frozen=True)
class Stretch:
    """Bytes of an object from a place on, and how long the whole is."""

    start: int
    data: bytes
    whole: int

    def covers(self, position: int) -> bool:
        """Say whether the byte at this place is in it."""
        return self.start <= position < self.start + len(self.data)


Fetch = Callable[[int, int], Stretch]


class RangeReader(io.RawIOBase):
    """A seekable file of an object; at most one stretch is in memory, 4 MiB at the largest.

    `fetch` returns up to so many bytes from a place on. Reading on doubles the stretch, a jump
    makes it small again: a ZIP's directory and one member of it cost two or three requests.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._size = FIRST
        # At once, since opening must tell whether the object is there, and how long it is.
        self._held = fetch(0, FIRST)
        self._at = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; nothing is fetched before something is read there."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._held.whole}[whence]
        if base + offset < 0:
            raise ValueError("There is nothing before the beginning.")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read what is held from here on, or fetch the next stretch."""
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
        """Return the rest, by one request for what is not held."""
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
