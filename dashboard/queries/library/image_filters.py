"""Describe a filter of images to people, and store it with its result."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from django.db.models import Model, QuerySet

from accounts.models import Workspace
from dashboard.queries.library.groups import groups_in
from dashboard.queries.library.image_tiles import ImageFilter
from dashboard.queries.library.similarity_types import types_in

# The filters whose value is a row, and where that row is read.
_THINGS: dict[str, Callable[[Workspace], QuerySet[Any]]] = {
    "without_type": types_in,
    "group": groups_in,
}
_WORDS = {
    "group": "in the group “{}”",
    "without_type": "in no group of the type “{}”",
    "test": "with a test mark",
    "search": "with “{}” in the file name",
}


def filter_words(wanted: ImageFilter) -> str:
    """Describe which images pass the filter: `images with a test mark, with “a” in the …`."""
    parts = [words.format(value) for name, words in _WORDS.items() if (value := _of(wanted, name))]
    return f"images {', '.join(parts)}" if parts else "all images"


def stored(wanted: ImageFilter) -> dict[str, Any]:
    """Return the filters that are set, rows by their ids, for JSON or a URL."""
    values = {field.name: (_of(wanted, field.name), field.default) for field in fields(wanted)}
    return {
        name: str(value.pk) if isinstance(value, Model) else value
        for name, (value, default) in values.items()
        if value != default
    }


def read_filter(workspace: Workspace, kept: dict[str, Any]) -> ImageFilter:
    """Return the filter that `stored` wrote. Raises `ObjectDoesNotExist` if its row was deleted."""
    values = {
        name: _THINGS[name](workspace).get(pk=value) if name in _THINGS else value
        for name, value in kept.items()
    }
    # Rows are read in the workspace again: ids in stored JSON or a URL are not trusted.
    return ImageFilter(**values)


def _of(wanted: ImageFilter, name: str) -> Any:
    return getattr(wanted, name)
