"""Counts and shares in words: every page, message and refusal says them by these functions.

`static/js/words.js` says the same in the browser; tests/words.py holds both against one table.
"""


def counted(count: int, one: str, many: str = "") -> str:
    """Return `1 image`, `2 images`, `12,000 images`; `many` where an s is not enough."""
    return f"{count:,} {either(count, one, many or f'{one}s')}"


def either(count: int, one: str, many: str) -> str:
    """Return what is said of one thing, or what is said of none and of several."""
    return one if count == 1 else many


def percent(part: float, whole: float) -> int:
    """Return how much of a whole is there, 0 to 100: 100 only if nothing is missing."""
    if part >= whole:
        return 100
    return max(0, min(99, int(100 * part / whole)))
