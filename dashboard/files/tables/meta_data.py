"""What metadata may be, whichever way it comes."""

from collections.abc import Callable
from typing import Any, Final

# Below where readers and writers of JSON fail, which recurse once a level.
MAX_DEPTH: Final = 100
BEYOND: Final = 1 << 63
_NUL: Final = "\x00"


def refusal_of_value(value: Any) -> str | None:
    """Say what is wrong with one value, whatever is in it: readers of JSON would alter it, say."""
    if isinstance(value, str) and _NUL in value:
        return "Remove the null character."
    # orjson reads whole numbers beyond 64 bits as inexact ones, which look like this.
    if isinstance(value, float) and abs(value) >= BEYOND:
        return "Send numbers beyond 64 bits as text."
    return None


def refusal_of_json(
    data: Any, refusal: Callable[[Any], str | None] = refusal_of_value
) -> str | None:
    """Say in a sentence why data cannot be answered again, or kept by PostgreSQL; None if it can.

    It is looked at layer by layer: data that is too deep for one call in another is no danger.
    """
    layer: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        for value in layer:
            if (reason := refusal(value)) is not None:
                return reason
        layer = [part for value in layer for part in _inside(value)]
        if not layer:
            return None
    return f"Nest at most {MAX_DEPTH} levels deep."


def is_too_deep(data: Any) -> bool:
    """Say whether data is nested deeper than what can be written again."""
    return refusal_of_json(data, lambda _: None) is not None


def _inside(value: Any) -> list[Any]:
    """Return what lies in a value: the keys of an object too."""
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []
