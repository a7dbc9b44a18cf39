"""Describe calls about records of a collection: the methods of `/similarity/custom/v2/`."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples, fields
from dashboard.api.schema.calls import CUSTOM, Call, Noun, Parameter
from dashboard.api.schema.parameters import EMPTY
from dashboard.api.schema.training import descriptors
from dashboard.api.search.record_shapes import MAX_ASKED, MAX_INSERTED, MAX_K, MAX_KEY, MAX_NAMED

Json = dict[str, Any]


class PingAnswer(serializers.Serializer[Any]):
    """The state of a collection."""

    status = descriptors.StatusAnswer()
    statistics = descriptors.StatisticsAnswer()
    collection = serializers.UUIDField()
    name = serializers.CharField()
    records_count = serializers.IntegerField(min_value=0)
    task_id = serializers.UUIDField()
    version = serializers.IntegerField(min_value=1)
    dimension = serializers.IntegerField(min_value=1)


class RecordsAnswer(serializers.Serializer[Any]):
    """The records, and those that were skipped with their reasons."""

    status = descriptors.StatusAnswer()
    statistics = descriptors.StatisticsAnswer()
    answer_records = serializers.ListField(
        child=serializers.DictField(child=serializers.JSONField()),
        help_text="Each with `_id`, the requested fields, and for a search `_distance`.",
    )
    answer_count = serializers.IntegerField(min_value=0)
    skipped_records = serializers.ListField(
        child=serializers.DictField(child=serializers.JSONField()),
        required=False,
        help_text="Each `_id`, and `_reason` with a `status` of `code` and `text`.",
    )
    next = serializers.URLField(required=False, help_text="URL of the next page, if there is one.")
    detail = serializers.CharField(required=False, help_text="Why no record could be used.")


def _many(most: int) -> Json:
    record = {"$ref": "#/components/schemas/Record"}
    return {"type": "array", "items": record, "minItems": 1, "maxItems": most}


def _body(text: str, needed: list[str], **properties: Json) -> Json:
    return {
        "type": "object",
        "description": text,
        "required": needed,
        "properties": properties | {"workspace": {"$ref": "#/components/schemas/WorkspaceId"}},
    }


_WANTED: Json = {
    "type": ["array", "null"],
    "items": {
        "type": ["string", "number"],
        "maxLength": MAX_KEY,
        "pattern": fields.NO_NULL_CHARACTER,
    },
    "maxItems": MAX_NAMED,
    "description": "Names of fields, or `*` for all; `_id` is always returned.",
}
_FILTER: Json = {
    "type": ["object", "null"],
    "additionalProperties": True,
    "description": (
        "MongoDB syntax over the records' fields: `$eq $ne $gt $gte $lt $lte $in $nin $exists "
        "$and $or $not`; dotted paths; a list matches if one of its elements does."
    ),
}
_ONE: Json = {"$ref": "#/components/schemas/Record"}
_QUERY: Json = {
    "query_record": {"anyOf": [_ONE, {"type": "null"}]},
    "records": _many(MAX_ASKED),
    "filter": _FILTER,
    "fields_to_return": _WANTED,
}
_ASKED: Json = {"anyOf": [{"required": ["query_record"]}, {"required": ["records"]}]}
_COUNT: Json = {"type": "integer", "minimum": 1, "maximum": MAX_K}
_SOME: Json = {"filter": _FILTER, "fields_to_return": _WANTED}

SCHEMAS: Json = {
    "RecordsInsert": _body("Records to insert.", ["records"], records=_many(MAX_INSERTED)),
    "RecordsNamed": _body(
        "Records by their `_id`.",
        ["records"],
        records=_many(MAX_NAMED),
        fields_to_return=_WANTED,
    ),
    "RecordsFiltered": _body("Records by a filter.", [], **_SOME),
    "RecordsMatching": _body("Records by a filter.", ["filter"], **_SOME | {"filter": _FILTER}),
    "RecordsSampled": _body("A number of records.", [], count=_COUNT, **_SOME),
    "RecordsNearest": _body("The query.", [], k=_COUNT, **_QUERY) | _ASKED,
    "RecordsWithin": _body(
        "The query.",
        ["radius"],
        radius={"type": "number", "minimum": 0, "maximum": 2},
        **_QUERY,
    )
    | _ASKED,
    "RecordsRanked": _body(
        "Records to sort by their similarity to a query.",
        ["query_record", "records"],
        query_record=_ONE,
        records=_many(1000),
        fields_to_return=_WANTED,
    ),
    "Nothing": _body("No fields are needed.", []),
}
_HEADER = Parameter(
    "collection-id",
    "The collection.",
    fields.ID,
    place="header",
    required=True,
    example=examples.COLLECTION,
)
_NUMBER: Json = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 999_999_999}, EMPTY]}
_PAGE = (
    Parameter("size", "Page size; without it, all records, at most 100,000.", _NUMBER),
    Parameter("page", "Page number, from 1.", _NUMBER),
)
_STATUS = {"code": 200, "text": "OK", "request_id": descriptors.REQUEST_ID}
_TOOK = {"statistics": {"processing time": 0.004}}
MINE = [{"_id": "mine"}]


def _answer(code: int, text: str, *records: Json) -> Json:
    return {
        "status": _STATUS | {"code": code, "text": text},
        "answer_records": list(records),
        "answer_count": len(records),
    } | _TOOK


def _method(name: str, summary: str, body: str, asks: Json, says: Json, **more: Any) -> Any:
    """Return a method; `name` is the end of its path."""
    slug = "".join(f"_{one.lower()}" if one.isupper() else one for one in name)
    call = Call(
        f"records_{slug}".replace("_k_n_n", "_knn"),
        summary,
        more.pop("answer", RecordsAnswer),
        raw_body=body,
        query=[_HEADER, *more.pop("query", ())],
        refuses_with_status=True,
        asks=asks,
        says=says,
        **more,
    )
    return f"{CUSTOM}/{name}", {"POST": call}


_FOUND = {"_id": "mine", "name": "mine", "_distance": 0.0}
NOUN = Noun(
    "Records",
    (
        "The methods of a collection, which the header `collection-id` selects. HTTP is 200 "
        "whatever `status.code` says, except for 400, 401, 403, 404, 413 and 429."
    ),
    dict(
        [
            _method(
                "insert",
                "Insert records",
                "RecordsInsert",
                {"records": [{"_id": "new", "_base64": examples.PICTURE, "sku": "A-17"}]},
                _answer(210, "All records were inserted.", {"_id": "new"})
                | {"skipped_records": []},
                text=(
                    "Each with an `_id`, `_url` or `_base64`, and any fields. `status.code`: 210 "
                    "all inserted, 211 some inserted, 411 all existed, 412 the collection is "
                    "full."
                ),
            ),
            _method(
                "get",
                "Read records by their _id",
                "RecordsNamed",
                {"records": MINE, "fields_to_return": ["name"]},
                _answer(205, "All records were found.", {"_id": "mine", "name": "mine"})
                | {"skipped_records": []},
                text="`status.code`: 205 all found, 206 some, 404 none.",
            ),
            _method(
                "update",
                "Merge fields into records",
                "RecordsNamed",
                {"records": [{"_id": "mine", "sku": "A-18"}]},
                _answer(200, "OK", {"_id": "mine"}) | {"skipped_records": []},
                text="Descriptors are kept.",
            ),
            _method(
                "delete",
                "Delete records by their _id",
                "RecordsNamed",
                {"records": MINE},
                _answer(220, "The records were deleted.", {"_id": "mine"})
                | {"skipped_records": []},
            ),
            _method(
                "deleteByFilter",
                "Delete records by a filter",
                "RecordsMatching",
                {"filter": {"name": "mine"}},
                _answer(220, "The records were deleted.", {"_id": "mine"})
                | {"skipped_records": []},
                text="An empty filter is refused.",
            ),
            _method(
                "allRecords",
                "Read all records",
                "RecordsFiltered",
                {"filter": {"name": {"$exists": True}}, "fields_to_return": ["*"]},
                _answer(200, "OK", {"_id": "mine", "name": "mine"}),
                query=_PAGE,
            ),
            _method(
                "random",
                "Read random records",
                "RecordsSampled",
                {"count": 1},
                _answer(200, "OK", {"_id": "mine"}),
            ),
            _method(
                "ping",
                "Read the status of a collection",
                "Nothing",
                {},
                {
                    "status": _STATUS,
                    "collection": examples.COLLECTION,
                    "name": "Catalogue",
                    "records_count": 2,
                    "task_id": examples.TASK,
                    "version": 1,
                    "dimension": 128,
                }
                | _TOOK,
                answer=PingAnswer,
            ),
            _method(
                "visualKNN",
                "Find the most similar records",
                "RecordsNearest",
                {"query_record": MINE[0], "k": 1, "fields_to_return": ["name"]},
                _answer(200, "OK", _FOUND) | {"skipped_records": []},
                text=(
                    "By an `_id` of the collection, a `_url` or a `_base64`. With up to ten "
                    "`records` at once, `_distance` is that to the nearest of them. Cosine "
                    "distance."
                ),
            ),
            _method(
                "visualRange",
                "Find all records within a distance",
                "RecordsWithin",
                {"query_record": MINE[0], "radius": 0.2, "fields_to_return": ["name"]},
                _answer(200, "OK", _FOUND) | {"skipped_records": []},
            ),
            _method(
                "visualRankRecords",
                "Sort records by similarity",
                "RecordsRanked",
                {"query_record": MINE[0], "records": MINE, "fields_to_return": ["name"]},
                _answer(200, "OK", _FOUND) | {"skipped_records": []},
            ),
        ]
    ),
)
