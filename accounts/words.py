"""Format counts and shares, for every page, message and refusal.

`static/js/words.js` does the same in the browser; tests/words.py checks both against one table.
"""


def counted(count: int, one: str, many: str = "") -> str:
    """Return `1 image`, `2 images`, `12,000 images`; `many` for irregular plurals."""
    return f"{count:,} {either(count, one, many or f'{one}s')}"


def either(count: int, one: str, many: str) -> str:
    """Return the form for one thing, or the form for none and several."""
    return one if count == 1 else many


def percent(part: float, whole: float) -> int:
    """Return a share from 0 to 100; 100 only if nothing is missing."""
    if part >= whole:
        return 100
    return max(0, min(99, int(100 * part / whole)))
