"""Describe calls about similarity types."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples
from dashboard.api.schema.calls import SIMILARITY, Call, Noun, a_page, page_of
from dashboard.api.schema.parameters import LIST, of_flag
from dashboard.api.shapes import TypeFields


class TypeAnswer(serializers.Serializer[Any]):
    """A similarity type."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    workspace = serializers.UUIDField()
    exclusive = serializers.BooleanField(
        help_text="Whether an image may be in only one group of this type."
    )
    fold_by = serializers.CharField(
        allow_blank=True,
        help_text=(
            "A key of the images' metadata: groups whose images share a value of it are tested "
            "together."
        ),
    )
    groups_count = serializers.IntegerField(min_value=0)
    created = serializers.DateTimeField()
    modified = serializers.DateTimeField()


EXAMPLE = {
    "id": examples.TYPE,
    "name": "Same product",
    "description": "",
    "workspace": examples.WORKSPACE,
    "exclusive": False,
    "fold_by": "",
    "groups_count": 2,
    "created": examples.CREATED,
    "modified": examples.MODIFIED,
}
ASKS = {"name": "Same colours", "description": "Whatever the shape.", "exclusive": True}
CHANGES = {"description": "The same product, seen from any side."}

_CHANGE = Call(
    "",
    "Change a type",
    TypeAnswer,
    body=TypeFields,
    partial=True,
    text=(
        "Omitted fields are unchanged. `fold_by` is an addition to the contract: if groups share "
        "a photo shoot or a background, set it to the key of the images' metadata that identifies "
        "it. A training then never tests on groups that share a value with groups that it was "
        "trained on."
    ),
    asks=CHANGES,
    says=EXAMPLE | CHANGES,
)
NOUN = Noun(
    "Types",
    "A similarity type defines in which sense images are similar, such as “same product”.",
    {
        f"{SIMILARITY}/type": {
            "GET": Call(
                "types_list",
                "List the types",
                page_of(TypeAnswer),
                query=LIST,
                says=a_page(EXAMPLE),
            ),
            "POST": Call(
                "types_create",
                "Create a type",
                TypeAnswer,
                status=201,
                body=TypeFields,
                asks=ASKS,
                says=EXAMPLE | ASKS | {"groups_count": 0},
            ),
        },
        f"{SIMILARITY}/type/{{type_id}}": {
            "GET": Call("types_read", "Read a type", TypeAnswer, says=EXAMPLE),
            "PUT": _CHANGE.named("types_put"),
            "PATCH": _CHANGE.named("types_patch"),
            "DELETE": Call(
                "types_delete",
                "Delete a type",
                status=204,
                query=[of_flag("force", "Also delete its groups; their images are kept.")],
                refuses=[409],
                text="A type that still has groups is refused with 409 unless `force` is true.",
            ),
        },
    },
)
