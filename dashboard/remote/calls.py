"""Provide the parts of all calls: read, list, create, change, delete."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

from dashboard.remote.answers import Answer
from dashboard.remote.errors import BadAnswer, NotFound, OutcomeUnknown
from dashboard.remote.fields import Fields
from dashboard.remote.limits import MEMBERS
from dashboard.remote.pages import all_rows
from dashboard.remote.transport import Call, Transport


class Identified(Protocol):
    """An object with an id."""

    @property
    def id(self) -> str:
        """Return the object's id on the server."""


T = TypeVar("T")
Thing = TypeVar("Thing", bound=Identified)
Read = Callable[[Fields], T]
Json = Mapping[str, Any]
KNOWN: Container[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """How many objects a call changed and how many it need not change; None if not stated."""

    changed: int | None
    unchanged: int | None


class Calls:
    """The connection and the workspace that all calls use."""

    def __init__(self, transport: Transport, workspace: str | None) -> None:
        self._transport, self._workspace = transport, workspace

    def _get(self, name: str, path: str, read: Read[T]) -> T:
        return read(self._send(name, "GET", path).fields())

    def _list(self, name: str, path: str, read: Read[T], **filters: object) -> Iterator[T]:
        """Yield all rows; `all_rows` states the guarantees. A filter of None is omitted."""
        query = _query(filters)

        def read_page(asked: Mapping[str, str]) -> Fields:
            return self._send(name, "GET", path, query=asked).fields()

        return all_rows(read_page, read, query, self._transport.limits.page_size)

    def _count(self, name: str, path: str) -> int:
        """Return how many rows a list has."""
        query = {"page": "1", "page_size": "1"}
        return self._send(name, "GET", path, query=query).fields().number("count")

    def _change(self, name: str, method: str, path: str, body: Json, read: Read[T]) -> T:
        """Send the values that are not None. Setting the same values twice changes nothing more."""
        given = {field: value for field, value in body.items() if value is not None}
        return read(self._send(name, method, path, body=given).fields())

    def _delete(self, name: str, path: str, **query: object) -> None:
        """Delete an object. Raises `NotFound`, unless an earlier attempt of ours deleted it."""
        try:
            self._send(name, "DELETE", path, query=_query(query))
        except NotFound as error:
            if not error.repeated:
                raise

    def _many(self, name: str, path: str, field: str, ids: Iterable[str], **also: Any) -> Changed:
        """Send ids, 10,000 a call: each call is atomic, and repeating it changes nothing."""
        totals: list[Changed] = []
        for some in _batches(ids):
            answer = self._send(name, "POST", path, body={field: some, **also})
            totals.append(_changed(answer.fields_or_none()))
        return Changed(
            changed=_sum(total.changed for total in totals),
            unchanged=_sum(total.unchanged for total in totals),
        )

    def _create(
        self,
        name: str,
        path: str,
        body: Json,
        read: Read[Thing],
        look: Callable[[], Iterable[Thing]],
        known: Container[str],
    ) -> Thing:
        """Create an object once.

        If the outcome is unknown, `look` returns the objects that may be the new one; ids in
        `known` are older and excluded. If exactly one is found, it is returned. If none is found
        and the server has finished the request, it is sent again. Anything else raises
        `OutcomeUnknown`.
        """
        given = {field: value for field, value in body.items() if value is not None}
        retry = self._transport.limits.retry()
        while True:
            unknown = self._tried(name, path, given, read)
            if not isinstance(unknown, OutcomeUnknown):
                return unknown
            retry = self._transport.paused(retry)
            found = [thing for thing in look() if thing.id not in known]
            if len(found) == 1:
                return found[0]
            if found or not unknown.finished or retry.total == 0:
                raise unknown

    def _tried(self, name: str, path: str, body: Json, read: Read[T]) -> T | OutcomeUnknown:
        try:
            return read(self._send(name, "POST", path, body=body, repeatable=False).fields())
        except OutcomeUnknown as error:
            return error
        except BadAnswer as error:  # perhaps created, but the answer cannot be read
            return OutcomeUnknown(error.reason, call=name, status=error.status)

    def _send(
        self,
        name: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        repeatable: bool = True,
    ) -> Answer:
        """Send a call in this workspace: named in the body if there is one, else in the query."""
        where = {"workspace": self._workspace} if self._workspace else {}
        call = Call(
            name,
            method,
            path,
            query=dict(query or {}) | (where if body is None else {}),
            body=None if body is None else {**body, **where},
            repeatable=repeatable,
        )
        return self._transport.send(call)


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    """Yield ids in lists of as many as one call takes."""
    given = iter(ids)
    while some := list(islice(given, MEMBERS)):
        yield some


def _query(filters: Mapping[str, object]) -> dict[str, str]:
    """Return the filters that are set, as text: `True` becomes `true`."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in filters.items()
        if value is not None
    }


def _changed(fields: Fields | None) -> Changed:
    """Return the counts of an answer, whichever of its names the changed ones have."""
    if fields is None:
        return Changed(changed=None, unchanged=None)
    changed = [fields.number_or_none(name) for name in ("added", "removed", "updated")]
    unchanged = [fields.number_or_none(name) for name in ("already", "missing")]
    return Changed(changed=_first(changed), unchanged=_first(unchanged))


def _first(numbers: Iterable[int | None]) -> int | None:
    return next((number for number in numbers if number is not None), None)


def _sum(numbers: Iterable[int | None]) -> int | None:
    """Return the sum; None if one of the numbers is unknown."""
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total
