"""Descriptors: vectors of pictures that are sent along."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples
from dashboard.api.schema.calls import SIMILARITY, Call, Noun
from dashboard.api.shapes import DescriptorFields

Json = dict[str, Any]

REQUEST_ID = "5f0c7a1e9d2b4c38"


class StatusAnswer(serializers.Serializer[Any]):
    """How it went."""

    code = serializers.IntegerField(help_text="200, or why not, in the words of HTTP.")
    text = serializers.CharField()
    request_id = serializers.CharField()


class StatisticsAnswer(serializers.Serializer[Any]):
    """What it took."""

    def get_fields(self) -> dict[str, Any]:
        """Return fields whose names are no names of Python."""
        return {"processing time": serializers.FloatField(min_value=0, help_text="Seconds.")}


class RecordAnswers(serializers.ListField):
    """Records as they came, with their descriptors."""


class DescriptorsAnswer(serializers.Serializer[Any]):
    """The records as they came, with their descriptors."""

    records = RecordAnswers()
    version = serializers.IntegerField(min_value=1)
    task_id = serializers.UUIDField()
    status = StatusAnswer()
    statistics = StatisticsAnswer()


SCHEMAS: Json = {
    "Record": {
        "type": "object",
        "description": "A picture, with any fields of yours, which come back.",
        "additionalProperties": True,
        "properties": {
            "_id": {"description": "Yours; one is made where there is none."},
            # Of any type: a record that cannot be read fails alone.
            "_url": {"description": "The picture's address, as text."},
            "_base64": {
                "description": "The picture's bytes as base64; they do not come back.",
            },
        },
    },
    "DescribedRecord": {
        "type": "object",
        "description": "Your record with its descriptor, or with the reason why it has none.",
        "required": ["_id", "_status"],
        "additionalProperties": True,
        "properties": {
            "_id": {},
            "_width": {"type": "integer"},
            "_height": {"type": "integer"},
            "_descriptor": {"type": "array", "items": {"type": "number"}},
            "_status": {"$ref": "#/components/schemas/Status"},
        },
    },
}

ALSO = {"DescriptorFields": {"anyOf": [{"required": ["task_id"]}, {"required": ["collection"]}]}}
_DONE = {"code": 200, "text": "OK", "request_id": REQUEST_ID}
ASKS = {"task_id": examples.TASK, "records": [{"_id": "mine", "_base64": examples.PICTURE}]}
EXAMPLE = {
    "records": [
        {
            "_id": "mine",
            "_width": 1,
            "_height": 1,
            "_descriptor": [0.6, -0.8],
            "_status": _DONE,
        }
    ],
    "version": 1,
    "task_id": examples.TASK,
    "status": _DONE,
    "statistics": {"processing time": 0.021},
}
NOUN = Noun(
    "Descriptors",
    "A descriptor is a vector: alike images have near ones.",
    {
        f"{SIMILARITY}/descriptor": {
            "POST": Call(
                "descriptors_make",
                "Describe pictures",
                DescriptorsAnswer,
                body=DescriptorFields,
                refuses=[409],
                refuses_with_status=True,
                text="1 to 100 `records`, each with `_url` or `_base64` and any fields of yours, "
                "which come back. Without `version`: the task's production version, or else its "
                "newest trained one. A record that cannot be read fails alone, and its `_status` "
                "says why; only if all fail, the answer is 400. `collection` stands for its task "
                "and version.",
                asks=ASKS,
                says=EXAMPLE,
            ),
        },
    },
)
