"""Describe calls about descriptors of images in the request."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples
from dashboard.api.schema.calls import SIMILARITY, Call, Noun
from dashboard.api.shapes import DescriptorFields

Json = dict[str, Any]

REQUEST_ID = "5f0c7a1e9d2b4c38"


class StatusAnswer(serializers.Serializer[Any]):
    """The outcome of the call."""

    code = serializers.IntegerField(help_text="200, or the HTTP reason phrase.")
    text = serializers.CharField()
    request_id = serializers.CharField()


class StatisticsAnswer(serializers.Serializer[Any]):
    """The cost of the call."""

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, whose names cannot be attributes."""
        return {"processing time": serializers.FloatField(min_value=0, help_text="Seconds.")}


class RecordAnswers(serializers.ListField):
    """The records of the request, with their descriptors."""


class DescriptorsAnswer(serializers.Serializer[Any]):
    """The records of the request, with their descriptors."""

    records = RecordAnswers()
    version = serializers.IntegerField(min_value=1)
    task_id = serializers.UUIDField()
    status = StatusAnswer()
    statistics = StatisticsAnswer()


SCHEMAS: Json = {
    "Record": {
        "type": "object",
        "description": "An image, with any fields of your own, which are returned.",
        "additionalProperties": True,
        "properties": {
            "_id": {"description": "Your id; generated if omitted."},
            # Of any type: an invalid record fails alone.
            "_url": {"description": "URL of the image."},
            "_base64": {
                "description": "The image file as base64; not returned.",
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
    "A descriptor is an embedding of an image: a vector that is close to those of similar images.",
    {
        f"{SIMILARITY}/descriptor": {
            "POST": Call(
                "descriptors_make",
                "Compute descriptors of images",
                DescriptorsAnswer,
                body=DescriptorFields,
                refuses=[409],
                refuses_with_status=True,
                text=(
                    "1 to 100 `records`, each with `_url` or `_base64` and any fields of your "
                    "own, which are returned. Without `version`, uses the task's production "
                    "version, or else its newest trained one. A record that cannot be read fails "
                    "alone, with the reason in its `_status`; the response is 400 only if all "
                    "fail. `collection` selects its task and version."
                ),
                asks=ASKS,
                says=EXAMPLE,
            ),
        },
    },
)
