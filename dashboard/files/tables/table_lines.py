"""Read the lines of uploaded tables, with a limit for their length."""

import io
from collections.abc import Iterator
from typing import IO, Any, Final

from dashboard.files.errors import BrokenManifest
from dashboard.files.limits import MIB
from dashboard.files.sizes import readable_size

MAX_LINE: Final = 1 * MIB
_LONG_LINE: Final = (
    f"The manifest has a row of more than {readable_size(MAX_LINE)}: it is not a table, or a "
    "quote is not closed. Fix it and upload it again."
)


def text_of(file: IO[bytes], encoding: str, **options: Any) -> io.TextIOWrapper:
    """Return a file as text; the file stays open when the text is closed."""
    return io.TextIOWrapper(io.BufferedReader(_Kept(file)), encoding, **options)


def lines_of(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of a text. Raises BrokenManifest for one that is too long."""
    while line := text.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise BrokenManifest(_LONG_LINE)
        yield line


class Cells:
    """The lines of a table; those of one row together have the limit of one line."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._lines = lines_of(text)
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            # Empty lines are between rows, or in a cell, whose length csv itself limits.
            self._size += len(line) if line.strip("\r\n") else 0
            if self._size > MAX_LINE:
                raise BrokenManifest(_LONG_LINE)
            yield line

    def begin_row(self) -> None:
        """Reset the count for a new row."""
        self._size = 0


class _Kept(io.RawIOBase):
    """A file that stays open when the text that is read from it is closed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
