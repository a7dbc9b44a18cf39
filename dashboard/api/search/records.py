"""Serve `/similarity/custom/v2/`: insert, read, change and delete records of a collection."""

import random
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from rest_framework.exceptions import ValidationError

from dashboard.api.bodies import NAMES, RECORDS
from dashboard.api.parameters import number
from dashboard.api.search.collection_methods import (
    ALL_EXIST,
    ALL_INSERTED,
    BAD,
    DELETED,
    DONE,
    FULL,
    NONE_FOUND,
    SOME_INSERTED,
    CollectionMethod,
    found_code,
    listed,
)
from dashboard.api.search.record_shapes import (
    FIELDS_TOO_LARGE,
    BadRecord,
    Filtered,
    Inserted,
    Named,
    Sampled,
    fields_of,
    key_of,
    row_json,
    skipped_json,
    text_json,
)
from dashboard.api.training.descriptors import described
from dashboard.files.errors import FileRefused
from dashboard.index.records import matching_ids, matching_texts
from dashboard.models import Collection
from dashboard.queries.search.filters import BadFilter
from dashboard.queries.search.records import (
    known_keys,
    records_by_id,
    records_by_key,
    texts_in,
)
from dashboard.refusals import record_status
from dashboard.services.search.records import (
    NewRecord,
    Outcome,
    add_records,
    delete_matching,
    delete_records,
    room_in,
    update_records,
)

Json = dict[str, Any]

MOST_LISTED = 100_000
EXISTS = "The collection already has a record with this _id."
TWICE = "Another record of this call has the same _id."
IS_MISSING = "The collection has no record with this _id."
NO_ROOM = "The collection is full."


class Insert(CollectionMethod):
    """Compute the descriptors of images and store them as records."""

    action = "collections.change"
    body_limit = RECORDS

    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Insert new and readable records; each of the others has the reason why it was skipped."""
        new, skipped = _new(collection, self.read(Inserted)["records"])
        rows, unreadable = _described(collection, new)
        done = add_records(collection=collection, records=rows, actor=self.user)
        skipped += unreadable
        skipped += [skipped_json(key, SOME_INSERTED, EXISTS) for key in done.known]
        skipped += [skipped_json(key, FULL, NO_ROOM) for key in done.beyond]
        inserted = [{"_id": key} for key in done.done]
        return _inserted_code(inserted, skipped), listed(inserted, skipped)


def _new(collection: Collection, records: list[Json]) -> tuple[dict[str, Json], list[Json]]:
    """Return the records whose images are needed, by their keys, and those that are skipped."""
    usable, skipped = _keyed(records)
    there = known_keys(collection, list(usable))
    # Without a lock, to avoid fetching and encoding in vain; `add_records` checks again under one.
    room = room_in(collection)
    new: dict[str, Json] = {}
    for key, fields in usable.items():
        if key in there:
            skipped.append(skipped_json(key, SOME_INSERTED, EXISTS))
        elif len(new) == room:
            skipped.append(skipped_json(key, FULL, NO_ROOM))
        else:
            new[key] = fields
    return new, skipped


def _keyed(records: list[Json]) -> tuple[dict[str, Json], list[Json]]:
    """Return the records by their keys, the first of each, and those that cannot be stored."""
    usable: dict[str, Json] = {}
    skipped: list[Json] = []
    for record in records:
        try:
            key = key_of(record)
            fields_of(record)
        except BadRecord as refusal:
            skipped.append(skipped_json(_shown(record), refusal.code, str(refusal)))
            continue
        if key in usable:
            skipped.append(skipped_json(key, SOME_INSERTED, TWICE))
        else:
            usable[key] = record
    return usable, skipped


def _shown(record: Json) -> Any:
    """Return the `_id` as it was sent, shortened."""
    key = record.get("_id")
    return key[:100] if isinstance(key, str) else key if isinstance(key, int | float) else None


def _described(
    collection: Collection, records: dict[str, Json]
) -> tuple[list[NewRecord], list[Json]]:
    """Compute the descriptors of the records' images; unreadable ones have the reason."""
    rows: list[NewRecord] = []
    skipped: list[Json] = []
    # Before the transaction: it takes seconds, in which the collection would be locked.
    results = described(collection.version, list(records.values()))
    for key, (record, result) in zip(records, results, strict=True):
        if isinstance(result, FileRefused):
            skipped.append(skipped_json(key, record_status(type(result)), result.reason))
        else:
            rows.append(NewRecord(key, fields_of(record), result[0]))
    return rows, skipped


def _inserted_code(inserted: list[Json], skipped: list[Json]) -> int:
    if inserted:
        return SOME_INSERTED if skipped else ALL_INSERTED
    reasons = {one["_reason"]["status"]["code"] for one in skipped}
    if reasons == {SOME_INSERTED}:
        return ALL_EXIST
    return FULL if FULL in reasons else BAD


class Get(CollectionMethod):
    """Return records by their ids."""

    body_limit = NAMES

    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Return them in the order of the request."""
        values = self.read(Named)
        keys, skipped = _keys(values["records"])
        rows = records_by_key(collection, keys)
        records = [
            row_json(rows[key], values.get("fields_to_return")) for key in keys if key in rows
        ]
        skipped += _missing(key for key in keys if key not in rows)
        return found_code(len(records), len(skipped)), listed(records, skipped)


class Update(CollectionMethod):
    """Merge fields into records; their descriptors are kept."""

    action = "collections.change"
    body_limit = RECORDS

    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Return the records as they are now."""
        values = self.read(Named)
        changes, skipped = _changes(values["records"])
        outcome, rows = update_records(collection=collection, changes=changes, actor=self.user)
        records = [row_json(rows[key], values.get("fields_to_return")) for key in outcome.done]
        skipped += _missing(outcome.missing)
        skipped += [skipped_json(key, 413, FIELDS_TOO_LARGE) for key in outcome.too_large]
        return found_code(len(records), len(skipped), all_found=DONE), listed(records, skipped)


def _changes(records: list[Json]) -> tuple[dict[str, Json], list[Json]]:
    changes: dict[str, Json] = {}
    skipped: list[Json] = []
    for record in records:
        try:
            key, fields = key_of(record), fields_of(record)
        except BadRecord as refusal:
            skipped.append(skipped_json(_shown(record), refusal.code, str(refusal)))
            continue
        changes[key] = changes.get(key, {}) | fields
    return changes, skipped


class Delete(CollectionMethod):
    """Delete records by their ids."""

    action = "collections.change"
    body_limit = NAMES

    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Return the ids of those that existed."""
        keys, skipped = _keys(self.read(Named)["records"])
        outcome = delete_records(collection=collection, keys=keys, actor=self.user)
        skipped += _missing(outcome.missing)
        return _deleted(outcome, skipped)


class DeleteByFilter(CollectionMethod):
    """Delete the records whose fields match."""

    action = "collections.change"
    body_limit = NAMES

    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Return the ids of the deleted records; an empty filter is refused."""
        matches = self.read(Filtered).get("filter")
        if matches is None:
            raise BadFilter("Send a non-empty filter: an empty one would delete everything.")
        outcome = delete_matching(collection=collection, matches=matches, actor=self.user)
        return _deleted(outcome, [])


def _deleted(outcome: Outcome, skipped: list[Json]) -> tuple[int, Json]:
    records = [{"_id": key} for key in outcome.done]
    return found_code(len(records), len(skipped), all_found=DELETED), listed(records, skipped)


def _keys(records: list[Json]) -> tuple[list[str], list[Json]]:
    """Return the keys, each once, and the records that have none."""
    keys: dict[str, None] = {}
    skipped: list[Json] = []
    for record in records:
        try:
            keys[key_of(record)] = None
        except BadRecord as refusal:
            skipped.append(skipped_json(_shown(record), refusal.code, str(refusal)))
    return list(keys), skipped


def _missing(keys: Iterable[str]) -> list[Json]:
    return [skipped_json(key, NONE_FOUND, IS_MISSING) for key in keys]


class AllRecords(CollectionMethod):
    """Return all records that match, in pages if a size is given."""

    body_limit = NAMES

    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Return one page, oldest first; `next` is the URL of the following one."""
        values = self.read(Filtered)
        size, page = self._size_and_page()
        start, matches = (page - 1) * size, values.get("filter")
        # One row more indicates that there is a next page.
        end = start + size + 1
        if matches is None:
            rows = texts_in(collection, start, end)
        else:
            rows = matching_texts(collection, matches, start, end)
        records = [text_json(row, values.get("fields_to_return")) for row in rows[:size]]
        following = {"next": self._next(size, page + 1)} if len(rows) > size else {}
        return DONE, listed(records) | following

    def _size_and_page(self) -> tuple[int, int]:
        size = number(self.request, "size")
        page = number(self.request, "page")
        for name, value in (("size", size), ("page", page)):
            if value == 0:
                raise ValidationError({name: ["Send an integer of 1 or more."]})
        return min(size or MOST_LISTED, MOST_LISTED), page or 1

    def _next(self, size: int, page: int) -> str:
        query = self.request.query_params.dict() | {"size": size, "page": page}
        return f"{self.request.build_absolute_uri(self.request.path)}?{urlencode(query)}"


class Random(CollectionMethod):
    """Return a few records that match, drawn at random."""

    body_limit = NAMES

    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Return as many as requested, or as there are."""
        values = self.read(Sampled)
        ids = matching_ids(collection, values.get("filter"))
        # Drawn among ids in memory: ORDER BY random() would read and sort the whole collection.
        drawn = random.sample(ids, min(values["count"], len(ids)))
        rows = records_by_id(collection, drawn)
        wanted = values.get("fields_to_return")
        return DONE, listed([row_json(rows[one], wanted) for one in drawn if one in rows])


class Ping(CollectionMethod):
    """Return the state of a collection."""

    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Return its number of records and its version."""
        return DONE, {
            "collection": collection.id,
            "name": collection.name,
            "records_count": collection.records_count,
            "task_id": collection.task_id,
            "version": collection.version.number,
            "dimension": collection.version.dimension,
        }
