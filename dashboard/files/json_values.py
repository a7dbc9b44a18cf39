"""How many values a JSON text holds, counted before any of them is built.

A list of empty objects takes thirty times the memory of its text, so a limit on bytes alone would
have to be too low for a long description.
"""

import re
from typing import Final

_OPENERS: Final = (b",", b"[", b"{")  # one of them stands before each value, less the first
# Possessive: it never goes back, so that no text takes more than one pass.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)


def has_more_values(text: bytes, most: int) -> bool:
    """Tell whether a text of JSON holds more than so many values, keys aside."""
    # Texts may hold commas: only what has that many is looked at more closely.
    return _count(text) > most and count_values(text) > most


def count_values(text: bytes) -> int:
    """Return how many values a text of JSON holds at most, keys aside; lists count twice."""
    return _count(_STRING.sub(b"", text))


def _count(text: bytes) -> int:
    return 1 + sum(map(text.count, _OPENERS))
