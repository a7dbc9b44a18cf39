"""Lock rows by their ids (SELECT … FOR UPDATE) until the transaction ends.

A transaction that locks rows of several tables locks them in this order, which prevents deadlocks:
workspace, types, usage, images, labels, regions, groups; within a table by id.
"""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from dashboard.services.errors import TooManyIds, UnknownIds

# The API allows up to 10,000 ids per call.
MAX_IDS = 10_000

M = TypeVar("M", bound=Model)


def lock_rows(rows: QuerySet[M], ids: Iterable[UUID], noun: str) -> list[M]:
    """Return the rows with these ids, locked. Call it in a transaction.

    Raises `UnknownIds` and `TooManyIds`.
    """
    return select_by_ids(_locked(rows), ids, noun)


def lock_ids(rows: QuerySet[M], ids: Iterable[UUID], noun: str) -> set[UUID]:
    """Lock the rows with these ids, as `lock_rows` does, without reading their columns."""
    wanted = _checked(ids)
    found = set(_locked(rows).filter(pk__in=wanted).values_list("pk", flat=True))
    return _all_of(wanted, found, noun)


def lock_all(rows: QuerySet[M]) -> list[M]:
    """Return all these rows, locked. Call it in a transaction."""
    return list(_locked(rows))


def lock_pks(rows: QuerySet[M]) -> None:
    """Lock all these rows and read only their ids. Call it in a transaction."""
    # `list` runs the query: a queryset that is never evaluated locks nothing.
    list(_locked(rows).values_list("pk", flat=True))


def select_by_ids(rows: QuerySet[M], ids: Iterable[UUID], noun: str) -> list[M]:
    """Return the rows with these ids. Raises `UnknownIds` and `TooManyIds`."""
    wanted = _checked(ids)
    found = list(rows.filter(pk__in=wanted))
    _all_of(wanted, {row.pk for row in found}, noun)
    return found


def _checked(ids: Iterable[UUID]) -> set[UUID]:
    wanted = set(ids)
    if len(wanted) > MAX_IDS:
        raise TooManyIds(len(wanted), MAX_IDS)
    return wanted


def _all_of(wanted: set[UUID], found: set[UUID], noun: str) -> set[UUID]:
    if unknown := wanted - found:
        raise UnknownIds(noun, unknown)
    return found


def _locked(rows: QuerySet[M]) -> QuerySet[M]:
    # no_key: inserting a row that only references this one by a foreign key need not wait.
    return rows.order_by("pk").select_for_update(of=("self",), no_key=True)
