"""Answer a page of a list, searched and ordered by the query, with links to its neighbours."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.request import Request

from dashboard.api.parameters import text
from dashboard.queries.names import holding
from dashboard.queries.pages import encode, page

R = TypeVar("R")
Json = dict[str, Any]

PAGE_SIZE, MAX_PAGE_SIZE = 100, 1000
NEWEST_FIRST = ("-created", "-id")


@dataclass(frozen=True)
class Listing(Generic[R]):
    """A list of a call: its rows, how to write them, and the field to search.

    A row is a model or, where lists must be fast, a named tuple with `id` and `created`. `counter`
    returns the number of rows without counting them: pass it only if it is exact.

    `count` is always exact. It is known from a last page that was requested by its number, which
    most lists and searches are, or else taken from the counter, or else counted: at a million rows
    that takes 40 to 190 ms, and with a search without an index twice as long.
    """

    rows: QuerySet[Any, R]
    write: Callable[[list[R]], Iterable[Json]]
    name: str = "name"
    counter: Callable[[], int] | None = None

    def answer(self, request: Request) -> Json:
        """Return the page that the query names, with its neighbours. Raises `Http404`."""
        rows, count = self.rows, self.counter or self.rows.count
        if (searched := text(request, "search")) is not None:
            rows = holding(rows, self.name, searched)
            count = rows.count
        at, size = _page_number(request), _page_size(request)
        order = self._order(request)
        # Only in the usual order, for which there are indexes: any other uses OFFSET.
        if order is None and (cursor := _cursor(request, at, size)):
            found = page(rows, cursor, size)
            results, more, total = found.rows, bool(found.next), count()
        else:
            before = (at - 1) * size
            results = list(rows.order_by(*(order or NEWEST_FIRST))[before : before + size])
            if at > 1 and not results:
                raise Http404("This page does not exist.")
            # A page that is not full is the last one, which gives the count without a query.
            total = before + len(results) if len(results) < size else count()
            more = at * size < total
        following = {"page": at + 1} | ({} if order else _made_cursor(results, at, size))
        return {
            "count": total,
            "next": _link(request, following) if more else None,
            "previous": _link(request, {"page": at - 1}) if at > 1 else None,
            "results": list(self.write(results)),
        }

    def _order(self, request: Request) -> tuple[str, str] | None:
        """Return the requested order; None is newest first."""
        wanted = request.query_params.get("ordering", "")
        sign = "-" if wanted.startswith("-") else ""
        field = {"name": self.name, "created": "created"}.get(wanted.removeprefix("-"))
        if field is None or (sign, field) == ("-", "created"):
            return None
        return f"{sign}{field}", f"{sign}id"


def _page_number(request: Request) -> int:
    given = request.query_params.get("page", "") or "1"
    if not given.isascii() or not given.isdecimal() or len(given) > 9 or int(given) < 1:
        raise Http404("This page does not exist.")
    return int(given)


def _page_size(request: Request) -> int:
    """Return the requested page size, or the default one for an invalid value."""
    given = request.query_params.get("page_size", "")
    if not given.isascii() or not given.isdecimal() or not given.strip("0"):
        return PAGE_SIZE
    return min(int(given[:5]), MAX_PAGE_SIZE)


def _cursor(request: Request, at: int, size: int) -> str:
    """Return the cursor if it was made for this page: a client may count pages itself."""
    made_for, _, cursor = request.query_params.get("cursor", "").partition(".")
    return cursor if made_for == f"{at}x{size}" else ""


def _made_cursor(results: list[Any], at: int, size: int) -> Json:
    """Return where the next page begins, at the same cost at any depth."""
    if not results:
        return {}
    return {"cursor": f"{at + 1}x{size}.{encode(results[-1].created, results[-1].id)}"}


def _link(request: Request, changed: Json) -> str:
    """Return the requested URL, with another page and everything else unchanged."""
    url = request.build_absolute_uri(request.path)
    query = parse_qsl(request.META.get("QUERY_STRING", ""), keep_blank_values=True)
    # The query as it was sent: unknown parameters stay in the links, too.
    rest = [(name, value) for name, value in query if name not in ("page", "cursor")]
    return f"{url}?{urlencode([*rest, *changed.items()])}"
