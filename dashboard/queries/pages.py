"""Read keyset pages: the same cost at any depth, and no COUNT.

The condition has the form that one index can answer: `created <= x AND NOT (created = x AND id >=
y)`. Written as `created < x OR (created = x AND id < y)`, the same page takes about sixty times as
long at a million rows.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

PAGE_SIZE = 60
MAX_DIGITS = 18  # of an id that both databases accept
DAMAGED = "The URL of this page is damaged. Open the list again."

M = TypeVar("M", bound=Model)


class BadCursor(ValueError):
    """The cursor was not created by this program."""


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
    parse: Callable[[str], UUID | int] = UUID,
) -> Page[M]:
    """Read one page of `rows`, ordered by the fields `created` and `key`, both descending.

    `parse` parses the key: ids are UUIDs, or numbers by `number`. Raises `BadCursor`.
    """
    if cursor:
        when, last = _decode(cursor, parse)
        rows = rows.filter(
            Q(**{f"{created}__lte": when}) & ~Q(**{created: when, f"{key}__gte": last})
        )
    # The key breaks ties between rows of one batch, which have the same time. One row beyond the
    # page shows that there is a next one, without a COUNT.
    found = list(rows.order_by(f"-{created}", f"-{key}")[: size + 1])
    if len(found) <= size:
        return Page(found, "")
    return Page(
        found[:size], encode(getter(created)(found[size - 1]), getter(key)(found[size - 1]))
    )


def page_by_id(
    rows: QuerySet[M], cursor: str = "", size: int = PAGE_SIZE, *, newest_first: bool = False
) -> Page[M]:
    """Read one page of rows whose ids are numbers; the cursor is the last row's id.

    Raises `BadCursor`.
    """
    if cursor:
        try:
            last = number(cursor)
        except ValueError as error:
            raise BadCursor(DAMAGED) from error
        rows = rows.filter(pk__lt=last) if newest_first else rows.filter(pk__gt=last)
    found = list(rows.order_by("-pk" if newest_first else "pk")[: size + 1])
    return Page(found[:size], str(found[size - 1].pk) if len(found) > size else "")


def batches(rows: QuerySet[M], size: int, key: str = "pk") -> Iterator[list[M]]:
    """Yield all rows in lists of at most `size`, in ascending order of a unique field.

    No cursor is open between two lists, so others may write, and the caller may change its rows.
    Rows that are added or deleted meanwhile may be included or not.
    """
    # Not `.iterator()`: an open cursor holds a snapshot, on SQLite a read lock, over all batches.
    ordered = rows.order_by(key)
    found = list(ordered[:size])
    while found:
        yield found
        last = getattr(found[-1], key)
        found = list(ordered.filter(**{f"{key}__gt": last})[:size])


def getter(path: str) -> Callable[[Any], Any]:
    """Return a function that reads `a__b` from a row."""

    def read(row: Any) -> Any:
        for name in path.split("__"):
            row = getattr(row, name)
        return row

    return read


def encode(created: datetime, key: UUID | int) -> str:
    """Return a cursor of the last row's time and id, safe in a URL."""
    return base64.urlsafe_b64encode(f"{created.isoformat()} {key}".encode()).decode().rstrip("=")


def _decode(cursor: str, parse: Callable[[str], UUID | int]) -> tuple[datetime, UUID | int]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        written, key = text.split(" ")
        when, last = datetime.fromisoformat(written), parse(key)
    except (ValueError, binascii.Error) as error:
        raise BadCursor(DAMAGED) from error
    # A naive time would be compared in the server's time zone, and rows would be skipped.
    if when.tzinfo is None:
        raise BadCursor(DAMAGED)
    return when, last


def number(text: str) -> int:
    """Parse an id that is a number. Raises `ValueError` for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise ValueError(text)
    return int(text)
