"""Count the values of a JSON text before any of them is parsed.

A value takes two characters of a body and seventy bytes of memory, so the length says little.
"""

from collections.abc import Iterable, Iterator

import numpy as np

_PIECE = 256 << 10  # counted in about a millisecond, in which no other thread runs
_FEW = 4 << 10  # characters, below which a call of numpy costs more than counting them


def has_more_values(pieces: Iterable[bytes], most: int, at_most: int | None = None) -> bool:
    """Return whether a JSON text, in pieces, has more than `most` values, without names.

    `at_most` is the result of `bound_of`, if it is known: it decides for most texts. In a text that
    is not valid JSON, the values before the first error are counted as a JSON parser would.
    """
    if at_most is not None and at_most <= most:
        return False
    counted, counter = 0, _Counter()
    for piece in pieces:
        counted += counter.count(piece)
        if counted > most:
            return True
    return False


def bound_of(piece: bytes) -> int:
    """Return an upper bound of the values in a piece: characters within strings may count, too."""
    if len(piece) < _FEW:
        return piece.count(b",") + piece.count(b"[") + piece.count(b"{")
    # numpy compares many characters at once: five times as fast as `bytes.count` on large pieces.
    letters = np.frombuffer(piece, np.uint8)
    return sum(int(np.count_nonzero(letters == opener)) for opener in b",[{")


def text_has_more_values(text: str | bytes, most: int) -> bool:
    """Return whether a JSON text has more than `most` values."""
    data = text.encode(errors="replace") if isinstance(text, str) else text
    return has_more_values(_cut(data), most, bound_of(data))


def count_values(data: bytes) -> int:
    """Return an upper bound of a JSON text's values, without names; filled lists count twice."""
    counter = _Counter()
    return 1 + sum(map(counter.count, _cut(data)))


def _cut(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]


class _Counter:
    """Counts the beginnings of values outside of strings, piece by piece."""

    def __init__(self) -> None:
        self._in_text = False
        self._rest = b""

    def count(self, piece: bytes) -> int:
        """Return how many values begin in this piece."""
        data = self._rest + piece
        # A piece may end within an escape: an odd number of backslashes leaves one for the next.
        slashes = len(data) - len(data.rstrip(b"\\"))
        self._rest = b"\\" if slashes % 2 else b""
        bare = data[: len(data) - slashes].replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = bare.split(b'"')
        outside = b" ".join(parts[self._in_text :: 2])
        self._in_text ^= len(parts) % 2 == 0
        return bound_of(outside)
