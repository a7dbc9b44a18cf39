"""Check metadata, from whatever source."""

from collections.abc import Callable
from typing import Any, Final

# Below the depth at which JSON parsers and writers fail, which recurse once per level.
MAX_DEPTH: Final = 100
BEYOND: Final = 1 << 63
_NUL: Final = "\x00"


def refusal_of_value(value: Any) -> str | None:
    """Return what is wrong with one value, without its content, or None."""
    if isinstance(value, str) and _NUL in value:
        return "Remove the null character."
    # orjson parses integers beyond 64 bits as inexact floats, which look like this.
    if isinstance(value, float) and abs(value) >= BEYOND:
        return "Send numbers beyond 64 bits as text."
    return None


def refusal_of_json(
    data: Any, refusal: Callable[[Any], str | None] = refusal_of_value
) -> str | None:
    """Return why data cannot be returned as JSON, or stored by PostgreSQL, as a sentence, or None.

    It is checked level by level: without recursion, no depth is a danger.
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
    """Return whether data is nested deeper than can be written again."""
    return refusal_of_json(data, lambda _: None) is not None


def _inside(value: Any) -> list[Any]:
    """Return the parts of a value, including the keys of an object."""
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []
