"""Read all rows of a list that may change meanwhile."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

from dashboard.remote.errors import NotFound
from dashboard.remote.fields import Fields

T = TypeVar("T")
Query = Mapping[str, str]
Read = Callable[[Query], Fields]

# Newest first: rows that are added during the reading appear before the pages still to read.
ORDER: Final = {"ordering": "-created"}
REMEMBERED: Final = 100_000  # ids, about 10 MB
FRUITLESS: Final = 1000  # pages in a row without a new row


class Recent:
    """The ids that were read last."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most, self._ids = most, dict[str, None]()

    def is_new(self, key: str) -> bool:
        """Remember an id; return whether it is new."""
        new = key not in self._ids
        self._ids.pop(key, None)  # to move it to the end
        self._ids[key] = None
        if len(self._ids) > self._most:
            del self._ids[next(iter(self._ids))]
        return new


def all_rows(
    read_page: Read, read_row: Callable[[Fields], T], query: Query, page_size: int
) -> Iterator[T]:
    """Yield the rows of all pages, newest first.

    Each row that exists from the first request to the last is yielded exactly once. A row that is
    added or deleted meanwhile is yielded once or not at all.

    This relies on the API's contract: `count`, and newest first. When rows are deleted, the
    numbered pages after them shift, and a row may be on none of the pages that are read. `count`
    has fallen in that case, and the reading steps back by as many rows. When rows are added, rows
    of the previous page appear again and are skipped, as long as they are among the 100,000 rows
    that were read last. If `next` carries a cursor, nothing shifts.
    """
    met, fruitless = Recent(), 0
    walk = _Walk(dict(query) | ORDER | {"page_size": str(page_size)})
    while (asked := walk.query()) is not None:
        try:
            page = read_page(asked)
        except NotFound:
            if not walk.step_back():
                raise
            continue
        rows = page.list("results", lambda row: row)
        walk.turn(page, len(rows))
        new = [row for row in rows if met.is_new(row.id())]
        fruitless = 0 if new else fruitless + 1
        if fruitless > FRUITLESS:
            raise page.bad("the list does not end")
        yield from map(read_row, new)


class _Walk:
    """Track which page to request next."""

    def __init__(self, query: Query) -> None:
        self._base = query
        self._page, self._size, self._count = 1, 0, 0
        self._following: Query | None = {"page": "1"}
        self._backs = 0

    def query(self) -> Query | None:
        """Return the query of the next page; None at the end."""
        return None if self._following is None else {**self._base, **self._following}

    def step_back(self) -> bool:
        """Go to the previous page, as this one no longer exists.

        Return False on the first page, or after too many steps.
        """
        self._backs += 1
        if self._page == 1 or self._backs > FRUITLESS:
            return False
        self._go_to(self._page - 1)
        return True

    def turn(self, page: Fields, rows: int) -> None:
        """Update the position after a page was read."""
        count, following = page.number("count"), _following(page)
        fell, self._count = self._count - count, count
        if following is not None:
            self._size = max(self._size, rows)
        if "cursor" in (following or {}) or "cursor" in (self._following or {}):
            self._page += 1
            self._following = following
        elif fell > 0 and self._page > 1:
            self._go_to(max(1, self._page - _up(fell, max(1, self._size))))
        elif following is None:
            self._following = None
        else:
            self._go_to(self._page + 1)

    def _go_to(self, page: int) -> None:
        self._page, self._following = page, {"page": str(page)}


def _following(page: Fields) -> dict[str, Any] | None:
    """Return the query of `next`. Its host is ignored: the token is for this server alone."""
    url = page.text_or_none("next")
    if url is None:
        return None
    try:
        found = dict(parse_qsl(urlsplit(url).query))
    except ValueError:
        found = {}
    kept: dict[str, Any] = {name: found[name] for name in ("page", "cursor") if name in found}
    if not kept:
        raise page.bad("the field “next” names no page")
    return kept


def _up(rows: int, size: int) -> int:
    return -(-rows // size)
