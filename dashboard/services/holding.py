"""Take hold of rows by their ids, so that nobody changes them until the transaction ends.

Whoever holds several kinds takes them in this order, which keeps two callers from waiting for each
other: workspace, types, usage, images, labels, regions, groups; within a kind by id.
"""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from dashboard.services.errors import TooManyIds, UnknownIds

MAX_IDS = 10_000

M = TypeVar("M", bound=Model)


def hold(rows: QuerySet[M], ids: Iterable[UUID], noun: str) -> list[M]:
    """Return the rows with these ids, held; call it in a transaction.

    Raises `UnknownIds` and `TooManyIds`.
    """
    return select_by_ids(_held(rows), ids, noun)


def hold_ids(rows: QuerySet[M], ids: Iterable[UUID], noun: str) -> set[UUID]:
    """Hold the rows with these ids as `hold` does, and read no more of them."""
    wanted = _checked(ids)
    found = set(_held(rows).filter(pk__in=wanted).values_list("pk", flat=True))
    return _all_of(wanted, found, noun)


def hold_all(rows: QuerySet[M]) -> list[M]:
    """Return all these rows, held; call it in a transaction."""
    return list(_held(rows))


def hold_pks(rows: QuerySet[M]) -> None:
    """Hold all these rows and read no more than their ids; call it in a transaction."""
    list(_held(rows).values_list("pk", flat=True))


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


def _held(rows: QuerySet[M]) -> QuerySet[M]:
    # no_key: whoever only refers to a row, by a foreign key, need not wait.
    return rows.order_by("pk").select_for_update(of=("self",), no_key=True)
