"""Define parameters that many calls share."""

from typing import Any

from dashboard.api.lists import MAX_PAGE_SIZE, PAGE_SIZE
from dashboard.api.schema.calls import Parameter

Json = dict[str, Any]

EMPTY: Json = {"type": "string", "maxLength": 0}
ID: Json = {"anyOf": [{"type": "string", "format": "uuid"}, EMPTY]}
FLAG: Json = {"anyOf": [{"$ref": "#/components/schemas/Flag"}, EMPTY]}
NUMBER: Json = {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 999_999_999}, EMPTY]}
WORKSPACE_ID: Json = {
    "anyOf": [
        {"type": "string", "format": "uuid"},
        {"type": "string", "enum": ["Default", ""]},
    ],
}

WORKSPACE = Parameter(
    "workspace",
    (
        "The workspace. If omitted or `Default`: the token's default workspace for a list or a "
        "new thing; for a URL with an id, the workspace that the id is in."
    ),
    WORKSPACE_ID,
)
_SIZE = f"Page size: {PAGE_SIZE} by default, at most {MAX_PAGE_SIZE}."
LIST = (
    Parameter(
        "page", "Page number, from 1.", {"anyOf": [{"type": "integer", "minimum": 1}, EMPTY]}
    ),
    Parameter("page_size", _SIZE, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    Parameter(
        "cursor",
        "Cursor of the next page, as in `next`: late pages are as fast as the first.",
    ),
    Parameter("search", "Only names that contain this text, ignoring case."),
    Parameter(
        "ordering",
        "Sort by `name` or `created`, with `-` for descending order. Anything else: newest first.",
    ),
)


def of_id(name: str, text: str) -> Parameter:
    """Return a filter by an id; an unknown one gives an empty list."""
    return Parameter(name, text, ID)


def of_flag(name: str, text: str) -> Parameter:
    """Return a filter by a boolean."""
    return Parameter(name, text, FLAG)


def one_of(name: str, text: str, values: list[str]) -> Parameter:
    """Return a filter by one of a few words, ignoring case."""
    return Parameter(name, f"{text} {', '.join(values)}, ignoring case.", {"type": "string"})


def of_number(name: str, text: str) -> Parameter:
    """Return a filter by an integer."""
    return Parameter(name, text, NUMBER)
