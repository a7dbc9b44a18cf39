"""Record what each row of an archive became, in the transaction that creates it."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils import timezone

from dashboard.files.exchange.transfer_rows import Row
from dashboard.models import Imported, Transfer

ROWS_AT_ONCE = 500

T = TypeVar("T")
M = TypeVar("M", bound=Model)


def portions(rows: Iterable[T], size: int = ROWS_AT_ONCE) -> Iterator[list[T]]:
    """Yield rows in lists of at most `size`."""
    left = iter(rows)
    while some := list(islice(left, size)):
        yield some


def created(row: Row) -> datetime:
    """Return when a thing was created; now, if the archive has no time or one in the future."""
    now = timezone.now()
    return min(now, datetime.fromisoformat(row["created"])) if row["created"] else now


class Ids:
    """The old and new ids of one import."""

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer

    def find(self, noun: str, old_ids: Collection[str]) -> dict[str, UUID]:
        """Return the new ids of the old ones that were imported."""
        return self.find_any((noun,), old_ids)

    def find_any(self, nouns: Collection[str], old_ids: Collection[str]) -> dict[str, UUID]:
        """Return the new ids of the old ones that were imported, for any of the nouns."""
        rows = Imported.objects.filter(transfer=self._transfer, noun__in=nouns)
        rows = rows.filter(old_id__in=set(old_ids))
        return {str(old): new for old, new in rows.values_list("old_id", "new_id")}

    def all(self, noun: str) -> dict[str, UUID]:
        """Return all ids of a noun; for nouns with few rows."""
        rows = Imported.objects.filter(transfer=self._transfer, noun=noun)
        return {str(old): new for old, new in rows.values_list("old_id", "new_id")}

    def alive(self, noun: str, things: QuerySet[M]) -> dict[str, UUID]:
        """Return all ids of a noun that still exist; deleted ones may be imported again."""
        pairs = self.all(noun)
        there = set(things.filter(pk__in=pairs.values()).values_list("pk", flat=True))
        # Unlike images and groups: all later rows need types and labels, so one that was deleted
        # between two attempts is created again instead of losing what refers to it.
        gone = [old for old, new in pairs.items() if new not in there]
        Imported.objects.filter(transfer=self._transfer, noun=noun, old_id__in=gone).delete()
        return {old: new for old, new in pairs.items() if new in there}

    def make(self, noun: str, old_id: str) -> UUID:
        """Return the id of a new thing: the same in every attempt, so that file names are, too."""
        # Derived from the transfer, too: the same archive imported twice gives two sets of groups.
        text = f"{self._transfer.pk} {noun} {old_id}"
        return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4)

    def keep(self, noun: str, pairs: Mapping[str, UUID]) -> None:
        """Record what things became. Call it in the transaction that creates them."""
        rows: Sequence[Imported] = [
            Imported(transfer=self._transfer, noun=noun, old_id=UUID(old), new_id=new)
            for old, new in pairs.items()
        ]
        Imported.objects.bulk_create(rows, ignore_conflicts=True)
