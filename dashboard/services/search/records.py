"""Write the records of a collection, with the collection's row locked and its counters updated."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import F
from numpy.typing import NDArray

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard.index.records import matching, still_matching
from dashboard.models import Collection, Record
from dashboard.models.bulk import update_rows
from dashboard.queries.search.filters import Filter
from dashboard.queries.search.records import (
    known_keys,
    portions,
    records_by_id,
    records_by_key,
)

ROWS_AT_ONCE = 500
# Each process holds all fields of a collection in memory, see `index.records.Records`.
MAX_FIELDS_SIZE = 1 << 20  # bytes of JSON

Json = dict[str, Any]


@dataclass(frozen=True)
class NewRecord:
    """A record to add: its key, its fields, its descriptor (dimension,) of unit length."""

    key: str
    fields: Json
    vector: NDArray[np.float32]


@dataclass
class Outcome:
    """Which keys were written, already existed, do not exist, or exceed the collection's limit.

    `too_large` are keys of records whose fields would exceed `MAX_FIELDS_SIZE`.
    """

    done: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    too_large: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)


def room_in(collection: Collection) -> int:
    """Return how many records can still be added to the collection."""
    most: int = settings.LIKEWISE_MAX_COLLECTION
    return max(0, most - collection.records_count)


@transaction.atomic
def add_records(*, collection: Collection, records: Sequence[NewRecord], actor: User) -> Outcome:
    """Add records; existing keys, and records beyond the limit, are skipped."""
    outcome = write_records(collection=collection, records=records)
    _tell(collection, len(outcome.done), Verb.ADDED_RECORDS, actor)
    return outcome


def write_records(*, collection: Collection, records: Sequence[NewRecord]) -> Outcome:
    """Add records as `add_records` does, in the caller's transaction, but record no change."""
    row, outcome = _locked(collection), Outcome()
    there = known_keys(row, [new.key for new in records])
    added: list[Record] = []
    for new in records:
        if new.key in there:
            outcome.known.append(new.key)
        # `records_count` of the locked row is exact: no other writer can pass the limit meanwhile.
        elif len(added) == room_in(row):
            outcome.beyond.append(new.key)
        else:
            there.add(new.key)
            added.append(_row(row, new))
    Record.objects.bulk_create(added, batch_size=ROWS_AT_ONCE)
    outcome.done = [one.key for one in added]
    _count(row, added=len(added))
    return outcome


def _row(collection: Collection, new: NewRecord) -> Record:
    return Record(
        collection=collection,
        key=new.key,
        fields=new.fields,
        vector=new.vector.astype("<f4").tobytes(),
        # The number that `_count` will write in this transaction: readers request rows above
        # theirs.
        generation=collection.generation + 1,
    )


@transaction.atomic
def update_records(
    *, collection: Collection, changes: dict[str, Json], actor: User
) -> tuple[Outcome, dict[str, Record]]:
    """Merge fields into records by their keys; other fields and descriptors are kept.

    Also returns the records as they are now. A record whose fields would be too large together is
    not changed: otherwise it could grow without end.
    """
    row = _locked(collection)
    there = records_by_key(row, list(changes))
    found: dict[str, Record] = {}
    for key, one in there.items():
        fields = one.fields | changes[key]
        if len(orjson.dumps(fields)) <= MAX_FIELDS_SIZE:
            one.fields, one.generation = fields, row.generation + 1
            found[key] = one
    update_rows(found.values(), ["fields", "generation"])
    _count(row, written=len(found))
    _tell(row, len(found), Verb.CHANGED_RECORDS, actor)
    outcome = Outcome(
        done=[key for key in changes if key in found],
        missing=[key for key in changes if key not in there],
        too_large=[key for key in changes if key in there and key not in found],
    )
    return outcome, found


@transaction.atomic
def delete_records(*, collection: Collection, keys: Sequence[str], actor: User) -> Outcome:
    """Delete records by their keys; keys that do not exist are not an error."""
    row = _locked(collection)
    found = known_keys(row, keys)
    for some in portions(list(found)):
        Record.objects.filter(collection=row, key__in=some).delete()
    _count(row, added=-len(found))
    _tell(row, len(found), Verb.DELETED_RECORDS, actor)
    return Outcome(
        done=[key for key in keys if key in found],
        missing=[key for key in keys if key not in found],
    )


def delete_matching(*, collection: Collection, matches: Filter, actor: User) -> Outcome:
    """Delete the records whose fields match. Raises `TooMuchWork`.

    The filter is evaluated before the transaction: on SQLite nobody else could write meanwhile.
    """
    matched = matching(collection, matches)
    with transaction.atomic():
        row = _locked(collection)
        found = records_by_id(row, still_matching(row, matched, matches))
        for some in portions(list(found)):
            Record.objects.filter(collection=row, pk__in=some).delete()
        _count(row, added=-len(found))
        _tell(row, len(found), Verb.DELETED_RECORDS, actor)
    return Outcome(done=[one.key for one in found.values()])


def _locked(collection: Collection) -> Collection:
    """Return the collection as it is now, locked against other writers until the commit."""
    rows = Collection.objects.select_related("workspace", "version")
    return rows.select_for_update(of=("self",)).get(pk=collection.pk)


def _count(row: Collection, *, added: int = 0, written: int = 0) -> None:
    """Update the number of records and the generation, if anything was written."""
    if added or written:
        # In the transaction of the rows: readers see them and the new generation at the same
        # moment.
        Collection.objects.filter(pk=row.pk).update(
            records_count=F("records_count") + added, generation=F("generation") + 1
        )


def _tell(row: Collection, count: int, verb: Verb, actor: User) -> None:
    if count:
        record(
            workspace=row.workspace,
            verb=verb,
            noun="collection",
            target_id=row.id,
            target_name=row.name,
            count=count,
            actor=actor,
        )
