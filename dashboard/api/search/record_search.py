"""Serve `/similarity/custom/v2/visual…`: search the records of a collection by similarity."""

import uuid
from typing import Any

import numpy as np
from rest_framework.exceptions import ValidationError

from dashboard.api.bodies import RECORDS
from dashboard.api.search.collection_methods import (
    DONE,
    NONE_FOUND,
    CollectionMethod,
    found_code,
    listed,
)
from dashboard.api.search.record_shapes import (
    BadRecord,
    Nearest,
    Range,
    Ranked,
    hit_json,
    key_of,
    record_json,
    row_json,
    skipped_json,
)
from dashboard.api.search.records import IS_MISSING, MOST_LISTED
from dashboard.api.training.descriptors import described
from dashboard.files.errors import FileRefused
from dashboard.index.record_search import Asked, nearest_texts
from dashboard.models import Collection, Record
from dashboard.queries.search.records import records_by_key, vector_of
from dashboard.refusals import record_status

Json = dict[str, Any]
SENT = ("_url", "_base64")


class NotThere(LookupError):
    """The collection has no record with an `_id`; `str(error)` is a sentence."""


Refusal = FileRefused | BadRecord | NotThere
Skipped = tuple[Refusal, Json]


class VisualKNN(CollectionMethod):
    """Find the k nearest records."""

    action = "search.run"
    body_limit = RECORDS

    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Return them nearest first, each with its distance."""
        values = self.read(Nearest)
        return _found(collection, values, k=values["k"])


class VisualRange(CollectionMethod):
    """Find all records within a distance."""

    action = "search.run"
    body_limit = RECORDS

    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Return them nearest first, each with its distance."""
        values = self.read(Range)
        return _found(collection, values, k=MOST_LISTED, radius=values["radius"])


def _found(collection: Collection, values: Json, **limits: Any) -> tuple[int, Json]:
    asked, skipped = _asked(collection, values["asked"])
    if not asked:
        return _unusable(skipped)
    hits = nearest_texts(
        collection,
        [one for _, one in asked],
        matches=values.get("filter"),
        **limits,
    )
    records = [hit_json(hit, values.get("fields_to_return")) for hit in hits]
    return DONE, listed(records, _reasons(skipped))


class VisualRank(CollectionMethod):
    """Order given records by their distance to one."""

    action = "search.run"
    body_limit = RECORDS

    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Return them nearest first; records of the collection have their fields."""
        values = self.read(Ranked)
        asked, unusable = _asked(collection, [values["query_record"]])
        if not asked:
            return _unusable(unusable)
        given, skipped = _asked(collection, values["records"])
        query, wanted = asked[0][1], values.get("fields_to_return")
        ranked = sorted(
            ((_distance(query, one), at, record) for at, (record, one) in enumerate(given)),
            # By distance and then by the order of the call: records themselves cannot be compared.
            key=lambda found: found[:2],
        )
        records = [_ranked(record, wanted) | {"_distance": far} for far, _, record in ranked]
        return found_code(len(records), len(skipped), all_found=DONE), listed(
            records, _reasons(skipped)
        )


def _distance(one: Asked, other: Asked) -> float:
    if one.own is not None and one.own == other.own:
        return 0.0
    # In float64: near 1, float32 may give different distances for equal vectors.
    cosine = float((one.vector.astype(np.float64) * other.vector).sum())
    return min(2.0, max(0.0, 1 - cosine))


def _ranked(record: Record | Json, wanted: list[str] | None) -> Json:
    """Return a record of the collection, or one of the request, which always has its URL."""
    if isinstance(record, Record):
        return row_json(record, wanted)
    shown = {name: value for name, value in record.items() if name not in ("_id", "_base64")}
    return record_json(record["_id"], shown, [*(wanted or ()), "_url"])


def _unusable(skipped: list[Skipped]) -> tuple[int, Json]:
    """Answer a search without a usable query: not found, or the first reason, as a refusal."""
    for refusal, _ in skipped:
        if isinstance(refusal, FileRefused):
            raise refusal
    for refusal, _ in skipped:
        if isinstance(refusal, BadRecord):
            raise ValidationError({"detail": str(refusal)})
    return NONE_FOUND, listed([], _reasons(skipped))


def _reasons(skipped: list[Skipped]) -> list[Json]:
    return [reason for _, reason in skipped]


def _asked(
    collection: Collection, records: list[Json]
) -> tuple[list[tuple[Record | Json, Asked]], list[Skipped]]:
    """Return the vector of each record: the collection's own by `_id`, or that of the image sent.

    Records with neither are returned second, with their reason.
    """
    rows = records_by_key(collection, [key for one in records if (key := _key(one))])
    results = iter(described(collection.version, [one for one in records if _sends(one, rows)]))
    found: list[tuple[Record | Json, Asked]] = []
    skipped: list[Skipped] = []
    for one in records:
        if (row := rows.get(_key(one))) is not None:
            found.append((row, Asked(vector_of(row), row.pk)))
            continue
        result = next(results)[1] if _sends(one, rows) else _nothing_there(one)
        if isinstance(result, tuple):
            found.append(({"_id": str(uuid.uuid4())} | one, Asked(result[0])))
        else:
            skipped.append((result, _skipped(one, result)))
    return found, skipped


def _key(record: Json) -> str:
    """Return the record's key; an empty string if it has none."""
    try:
        return key_of(record)
    except BadRecord:
        return ""


def _sends(record: Json, rows: dict[str, Record]) -> bool:
    """Return whether the record's image is to be used."""
    return _key(record) not in rows and any(record.get(name) for name in SENT)


def _nothing_there(record: Json) -> NotThere | BadRecord:
    if _key(record):
        return NotThere(IS_MISSING)
    return BadRecord("A query needs an _id of the collection, a _url or a _base64.")


def _skipped(record: Json, refusal: Refusal) -> Json:
    key = _key(record) or None
    if isinstance(refusal, FileRefused):
        return skipped_json(key, record_status(type(refusal)), refusal.reason)
    code = refusal.code if isinstance(refusal, BadRecord) else NONE_FOUND
    return skipped_json(key, code, str(refusal))
