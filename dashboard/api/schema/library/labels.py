"""Describe calls about labels of objects."""

from typing import Any

from rest_framework import serializers

from dashboard.api.library.region_shapes import LabelFields
from dashboard.api.schema import examples
from dashboard.api.schema.calls import DETECTION, Call, Noun, a_page, page_of
from dashboard.api.schema.parameters import LIST, of_flag


class LabelAnswer(serializers.Serializer[Any]):
    """A label of objects."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    color = serializers.CharField(help_text="As in CSS.")
    output_name = serializers.CharField()
    workspace = serializers.UUIDField()
    recognition_tasks = serializers.ListField(
        child=serializers.JSONField(), help_text="Always empty."
    )
    created = serializers.DateTimeField()
    modified = serializers.DateTimeField()


EXAMPLE = {
    "id": examples.LABEL,
    "name": "heel",
    "description": "",
    "color": "#206bc4",
    "output_name": "",
    "workspace": examples.WORKSPACE,
    "recognition_tasks": [],
    "created": examples.CREATED,
    "modified": examples.MODIFIED,
}
ASKS = {"name": "sole", "color": "#e9663f"}
CHANGES = {"description": "The back of a shoe."}

_CHANGE = Call(
    "",
    "Change a label",
    LabelAnswer,
    body=LabelFields,
    partial=True,
    refuses=[409],
    text="Omitted fields are unchanged. The workspace's first label keeps its name: 409.",
    asks=CHANGES,
    says=EXAMPLE | CHANGES,
)
NOUN = Noun(
    "Labels",
    "A label says what an object is. Every workspace starts with one named “object”.",
    {
        f"{DETECTION}/label": {
            "GET": Call(
                "labels_list",
                "List the labels",
                page_of(LabelAnswer),
                query=LIST,
                says=a_page(EXAMPLE),
            ),
            "POST": Call(
                "labels_create",
                "Create a label",
                LabelAnswer,
                status=201,
                body=LabelFields,
                asks=ASKS,
                says=EXAMPLE | ASKS,
            ),
        },
        f"{DETECTION}/label/{{label_id}}": {
            "GET": Call("labels_read", "Read a label", LabelAnswer, says=EXAMPLE),
            "PUT": _CHANGE.named("labels_put"),
            "PATCH": _CHANGE.named("labels_patch"),
            "DELETE": Call(
                "labels_delete",
                "Delete a label",
                status=204,
                query=[of_flag("force", "Also delete its objects; their images are kept.")],
                refuses=[409],
                text=(
                    "A label that objects have is refused with 409 unless `force` is true. The "
                    "workspace's first label is always refused."
                ),
            ),
        },
    },
)
