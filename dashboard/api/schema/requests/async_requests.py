"""Describe calls about asynchronous requests."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples
from dashboard.api.schema.calls import ACCOUNT, Call, Noun, a_page, page_of
from dashboard.api.schema.parameters import LIST, one_of
from dashboard.api.schema.training import descriptors
from dashboard.models import AsyncRequest

Kind, Status = AsyncRequest.Kind, AsyncRequest.Status


class ProgressAnswer(serializers.Serializer[Any]):
    """The progress of a request."""

    total = serializers.IntegerField(min_value=0)
    done = serializers.IntegerField(min_value=0)
    failed = serializers.IntegerField(min_value=0)


class LongRequestAnswer(serializers.Serializer[Any]):
    """A request, as in a list."""

    id = serializers.UUIDField()
    type = serializers.ChoiceField(Kind.choices)
    status = serializers.ChoiceField(Status.choices)
    progress = ProgressAnswer()
    workspace = serializers.UUIDField()
    created = serializers.DateTimeField()
    finished = serializers.DateTimeField(allow_null=True)


class WholeLongRequestAnswer(LongRequestAnswer):
    """A single request: once it is done with its response, or with the reason of its failure."""

    response = serializers.DictField(
        child=serializers.JSONField(),
        required=False,
        allow_null=True,
        help_text="The response of the call.",
    )
    detail = serializers.CharField(required=False, help_text="Why it failed.")


class StatusOnlyAnswer(serializers.Serializer[Any]):
    """The status of a request."""

    status = serializers.ChoiceField(Status.choices)


def _or_none(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"enum": ["", None]}]}


SCHEMAS = {
    "LongRequestFields": {
        "type": "object",
        "description": "The body of the call, and the type of the call.",
        "oneOf": [
            {
                "title": "descriptor",
                "required": ["type", "task_id", "records"],
                "properties": {
                    "type": {"const": "descriptor"},
                    "task_id": {"type": "string", "format": "uuid"},
                    "version": {"type": ["integer", "null"]},
                    "records": {"$ref": "#/components/schemas/ManyRecords"},
                },
            },
            {
                "title": "train",
                "required": ["type", "task_id"],
                "properties": {
                    "type": {"const": "train"},
                    "task_id": {"type": "string", "format": "uuid"},
                },
            },
            {
                "title": "upload",
                "required": ["type", "records"],
                "properties": {
                    "type": {"const": "upload"},
                    "records": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 10_000,
                        "items": {
                            "allOf": [
                                {"$ref": "#/components/schemas/Record"},
                                {
                                    "properties": {
                                        "group": _or_none({"type": "string", "format": "uuid"}),
                                        "test_image": _or_none(
                                            {"$ref": "#/components/schemas/Flag"}
                                        ),
                                        "meta_data": _or_none({"type": "object"}),
                                    }
                                },
                            ]
                        },
                    },
                },
            },
        ],
        "properties": {
            "type": {"enum": Kind.values},
            "workspace": {"$ref": "#/components/schemas/WorkspaceId"},
        },
    },
    "ManyRecords": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Record"},
        "minItems": 1,
        "maxItems": 10_000,
    },
}
EXAMPLE = {
    "id": examples.LONG_REQUEST,
    "type": "descriptor",
    "status": "DONE",
    "progress": {"total": 1, "done": 1, "failed": 0},
    "workspace": examples.WORKSPACE,
    "created": examples.CREATED,
    "finished": examples.MODIFIED,
}
BEGUN = {
    "status": "CREATED",
    "progress": {"total": 1, "done": 0, "failed": 0},
    "finished": None,
}
ADDRESS = f"{ACCOUNT}/request/{{request_id}}"

NOUN = Noun(
    "Requests",
    "Asynchronous requests: start long work here, and read the response later.",
    {
        f"{ACCOUNT}/request/": {
            "GET": Call(
                "requests_list",
                "List asynchronous requests",
                page_of(LongRequestAnswer),
                query=[
                    *LIST,
                    one_of("type", "Only this type.", Kind.values),
                    one_of("status", "Only this status.", Status.values),
                ],
                says=a_page(EXAMPLE),
            ),
            "POST": Call(
                "requests_create",
                "Create an asynchronous request",
                LongRequestAnswer,
                status=202,
                raw_body="LongRequestFields",
                refuses=[409],
                text=(
                    "`type` selects the call. Put the body of that call beside it, with up to "
                    "10,000 records. Poll the request until its `status` is `DONE`."
                ),
                asks={"type": "descriptor"} | descriptors.ASKS,
                says=EXAMPLE | BEGUN,
            ),
        },
        ADDRESS: {
            "GET": Call(
                "requests_read",
                "Read an asynchronous request, with its response once it is done",
                WholeLongRequestAnswer,
                says=EXAMPLE | {"response": descriptors.EXAMPLE},
            ),
            "DELETE": Call(
                "requests_delete",
                "Delete an asynchronous request",
                status=204,
                text="Cancels unfinished work and deletes the response.",
            ),
        },
        f"{ADDRESS}/status": {
            "GET": Call(
                "requests_status",
                "Read the status of an asynchronous request",
                StatusOnlyAnswer,
                says={"status": "DONE"},
            ),
        },
    },
)
