"""Describe calls about collections."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples
from dashboard.api.schema.calls import ACCOUNT, Call, Noun, a_page, page_of
from dashboard.api.schema.parameters import LIST, of_id
from dashboard.api.shapes import CollectionFields


class CollectionAnswer(serializers.Serializer[Any]):
    """A collection."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    task = serializers.UUIDField()
    task_name = serializers.CharField()
    version = serializers.IntegerField(min_value=1)
    records_count = serializers.IntegerField(min_value=0)
    workspace = serializers.UUIDField()
    created = serializers.DateTimeField()
    modified = serializers.DateTimeField()


EXAMPLE = {
    "id": examples.COLLECTION,
    "name": "Catalogue",
    "description": "",
    "task": examples.TASK,
    "task_name": "Shoes",
    "version": 1,
    "records_count": 2,
    "workspace": examples.WORKSPACE,
    "created": examples.CREATED,
    "modified": examples.MODIFIED,
}
ASKS = {"name": "Spring catalogue", "task": examples.TASK}
CHANGES = {"name": "Autumn catalogue"}

_CHANGE = Call(
    "",
    "Change a collection",
    CollectionAnswer,
    body=CollectionFields,
    partial=True,
    text="Omitted fields are unchanged; task and version cannot be changed.",
    asks=CHANGES,
    says=EXAMPLE | CHANGES,
)
NOUN = Noun(
    "Collections",
    (
        "A collection contains records of images with their descriptors, all from one version of "
        "a task."
    ),
    {
        f"{ACCOUNT}/collection/": {
            "GET": Call(
                "collections_list",
                "List the collections",
                page_of(CollectionAnswer),
                query=[*LIST, of_id("task", "Only collections of this task.")],
                says=a_page(EXAMPLE),
            ),
            "POST": Call(
                "collections_create",
                "Create a collection",
                CollectionAnswer,
                status=201,
                body=CollectionFields,
                refuses=[409],
                text=(
                    "Without `version`, uses the task's production version, or else its newest "
                    "trained one; 409 if it has none."
                ),
                asks=ASKS,
                says=EXAMPLE | ASKS | {"records_count": 0},
            ),
        },
        f"{ACCOUNT}/collection/{{collection_id}}": {
            "GET": Call("collections_read", "Read a collection", CollectionAnswer, says=EXAMPLE),
            "PUT": _CHANGE.named("collections_put"),
            "PATCH": _CHANGE.named("collections_patch"),
            "DELETE": Call("collections_delete", "Delete a collection", status=204),
        },
    },
)
