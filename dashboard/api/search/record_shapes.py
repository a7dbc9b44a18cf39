"""Define the JSON of the methods of a collection."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from rest_framework import serializers
from rest_framework.fields import empty

from dashboard.api.fields import MAX_RECORDS, JsonObject, MetaData, NumberedList, RecordList
from dashboard.index.record_search import TextHit
from dashboard.models import Record
from dashboard.queries.search.filters import MOST_STEPS, parse
from dashboard.queries.search.filters import Filter as RecordFilter
from dashboard.queries.search.records import TextRow
from dashboard.services.search.records import MAX_FIELDS_SIZE

Json = dict[str, Any]

MAX_INSERTED = 1000
MAX_NAMED = 10_000
# Each query is a search of the whole collection.
MAX_ASKED = 10
MAX_K = 1000
MAX_KEY = 255
FIELDS_TOO_LARGE = f"The fields of a record may have at most {MAX_FIELDS_SIZE >> 20} MB."
EVERYTHING = "*"
# Never stored: the image itself, and what responses add to a record.
MADE = ("_id", "_base64", "_descriptor", "_width", "_height", "_status", "_distance")


class BadRecord(ValueError):
    """A record that cannot be stored; `str(error)` is a sentence, `code` its status."""

    def __init__(self, text: str, code: int = 400) -> None:
        self.code = code
        super().__init__(text)


class Filter(JsonObject):
    """A filter; `null` and an empty one are None."""

    def run_validation(self, data: Any = empty) -> Any:
        """Treat `null` as an empty filter."""
        return super().run_validation({} if data is None else data)

    def to_internal_value(self, data: Any) -> RecordFilter | None:  # type: ignore[override]
        """Parse it. Raises `BadFilter`, `ValidationError`."""
        if isinstance(data, dict) or (isinstance(data, str) and self.came_in_a_form):
            data = super().to_internal_value(data)
        return None if data == {} else parse(data, most_steps=MOST_STEPS)


class FieldNames(NumberedList):
    """Names of fields, `*` for all."""

    what = "Name"

    def __init__(self) -> None:
        child = serializers.CharField(max_length=MAX_KEY, allow_blank=True, trim_whitespace=False)
        super().__init__(child=child, max_length=MAX_NAMED, required=False, allow_null=True)


class Wanted(serializers.Serializer[Any]):
    """Which fields to return; without any, only `_id`."""

    fields_to_return = FieldNames()


class Inserted(serializers.Serializer[Any]):
    """Records to insert."""

    records = RecordList(most=MAX_INSERTED)


class Named(Wanted):
    """Records by their `_id`, with the fields to change."""

    records = RecordList(most=MAX_NAMED)


class Filtered(Wanted):
    """Records by a filter."""

    filter = Filter(required=False)


class Sampled(Filtered):
    """A number of the records that match."""

    count = serializers.IntegerField(min_value=1, max_value=MAX_K, default=10)


class Queried(Filtered):
    """The query: one record, or up to ten."""

    query_record = JsonObject(required=False, allow_null=True)
    records = RecordList(most=MAX_ASKED, required=False)

    def validate(self, attrs: Json) -> Json:
        """Combine both ways of passing the query."""
        asked = [attrs["query_record"]] if attrs.get("query_record") else attrs.get("records")
        if not asked:
            raise serializers.ValidationError({"query_record": ["Send a query_record or records."]})
        return attrs | {"asked": asked}


class Nearest(Queried):
    """The k nearest."""

    k = serializers.IntegerField(min_value=1, max_value=MAX_K, default=5)


class Range(Queried):
    """All within a cosine distance."""

    radius = serializers.FloatField(min_value=0, max_value=2)


class Ranked(Wanted):
    """Records to be ordered by their distance to one."""

    query_record = JsonObject()
    records = RecordList(most=MAX_RECORDS * 10)


def key_of(record: Json) -> str:
    """Return a record's `_id` as text. Raises `BadRecord`."""
    key = record.get("_id")
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(key, str) or not key or len(key) > MAX_KEY or "\x00" in key:
        raise BadRecord(f"A record needs an _id: text of 1 to {MAX_KEY} characters, or a number.")
    return key


def fields_of(record: Json) -> Json:
    """Return the stored fields of a record. Raises `BadRecord`."""
    fields = {name: value for name, value in record.items() if name not in MADE}
    try:
        MetaData().check(fields)
    except serializers.ValidationError as error:
        raise BadRecord(" ".join(map(str, error.detail))) from error
    if len(orjson.dumps(fields)) > MAX_FIELDS_SIZE:
        raise BadRecord(FIELDS_TOO_LARGE, 413)
    return fields


def record_json(key: str, fields: Json, wanted: Iterable[str] | None) -> Json:
    """Return a record as JSON: its `_id`, and the wanted fields."""
    names = set(wanted or ())
    chosen = fields if EVERYTHING in names else {one: fields[one] for one in fields if one in names}
    return {"_id": key} | chosen


def row_json(row: Record, wanted: Iterable[str] | None) -> Json:
    """Return a record of a collection as JSON."""
    return record_json(row.key, row.fields, wanted)


def text_json(row: TextRow, wanted: Sequence[str] | None) -> Json:
    """Return a record as JSON; its fields are parsed only if any of them are wanted."""
    return record_json(row.key, orjson.loads(row.fields) if wanted else {}, wanted)


def hit_json(hit: TextHit, wanted: Sequence[str] | None) -> Json:
    """Return a found record as JSON, with its distance."""
    return text_json(hit.row, wanted) | {"_distance": hit.distance}


def skipped_json(key: Any, code: int, text: str) -> Json:
    """Return a skipped record as JSON, with the reason."""
    return {"_id": key, "_reason": {"status": {"code": code, "text": text}}}
