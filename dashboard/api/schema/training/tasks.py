"""Describe calls about tasks."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples
from dashboard.api.schema.calls import SIMILARITY, Call, Noun, a_page, page_of
from dashboard.api.schema.library import similarity_types
from dashboard.api.schema.parameters import LIST
from dashboard.api.schema.training import versions
from dashboard.api.shapes import TaskFields, TypeId
from dashboard.models import Version


class TaskAnswer(serializers.Serializer[Any]):
    """A task."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    workspace = serializers.UUIDField()
    types = similarity_types.TypeAnswer(many=True)
    production_version = serializers.IntegerField(
        allow_null=True, help_text="The version that descriptors come from by default."
    )
    last_train_status = serializers.ChoiceField(
        Version.Status.choices, allow_null=True, help_text="Status of the newest version."
    )
    encoder = serializers.CharField(
        allow_blank=True,
        help_text="Key of the encoder for the next versions. Empty: the workspace's encoder.",
    )
    created = serializers.DateTimeField()
    modified = serializers.DateTimeField()


EXAMPLE = {
    "id": examples.TASK,
    "name": "Shoes",
    "description": "",
    "workspace": examples.WORKSPACE,
    "types": [similarity_types.EXAMPLE],
    "production_version": 1,
    "last_train_status": "TRAINED",
    "encoder": "",
    "created": examples.CREATED,
    "modified": examples.MODIFIED,
}
ASKS = {"name": "Bags", "description": "Products of the autumn catalogue."}
CHANGES = {"description": "Products of the spring catalogue."}
FRESH: dict[str, Any] = {"types": [], "production_version": None, "last_train_status": None}
ALSO = {"TypeId": {"anyOf": [{"required": ["type_id"]}, {"required": ["type"]}]}}
OF_ENCODER = (
    "`encoder` is an addition to the contract: `builtin-1+photo-1` (shapes, colours and object "
    "categories), `builtin-1` (shapes and colours only, in a third of the time) or the key of an "
    "encoder that is registered on this server. An unknown encoder, or one that is not ready, is "
    "refused with 400. Versions keep the encoder that they were trained with."
)
ADDRESS = f"{SIMILARITY}/task/{{task_id}}"

_CHANGE = Call(
    "",
    "Change a task",
    TaskAnswer,
    body=TaskFields,
    partial=True,
    text=f"Omitted fields are unchanged. {OF_ENCODER}",
    asks=CHANGES,
    says=EXAMPLE | CHANGES,
)
NOUN = Noun(
    "Tasks",
    "A task is a set of types that are trained together. Each training creates a version of it.",
    {
        f"{SIMILARITY}/task": {
            "GET": Call(
                "tasks_list",
                "List the tasks",
                page_of(TaskAnswer),
                query=LIST,
                says=a_page(EXAMPLE),
            ),
            "POST": Call(
                "tasks_create",
                "Create a task",
                TaskAnswer,
                status=201,
                body=TaskFields,
                text=OF_ENCODER,
                asks=ASKS,
                says=EXAMPLE | ASKS | FRESH,
            ),
        },
        ADDRESS: {
            "GET": Call("tasks_read", "Read a task", TaskAnswer, says=EXAMPLE),
            "PUT": _CHANGE.named("tasks_put"),
            "PATCH": _CHANGE.named("tasks_patch"),
            "DELETE": Call(
                "tasks_delete",
                "Delete a task with its versions",
                status=204,
                refuses=[409],
                text="Refused while a collection uses one of its versions.",
            ),
        },
        f"{ADDRESS}/add-type": {
            "POST": Call(
                "tasks_add_type",
                "Add a type to a task",
                TaskAnswer,
                body=TypeId,
                text="The type's id as `type_id` or `type`. Adding it twice changes nothing.",
                asks={"type_id": examples.TYPE},
                says=EXAMPLE,
            ),
        },
        f"{ADDRESS}/remove-type": {
            "POST": Call(
                "tasks_remove_type",
                "Remove a type from a task",
                TaskAnswer,
                body=TypeId,
                text="Its groups and the trained versions are kept.",
                asks={"type_id": examples.TYPE},
                says=EXAMPLE | {"types": []},
            ),
        },
        f"{ADDRESS}/train": {
            "POST": Call(
                "tasks_train",
                "Start a training",
                versions.VersionAnswer,
                status=202,
                refuses=[409],
                text=(
                    "Returns the model that is being trained; poll it until `train_status` is "
                    "`TRAINED`. Two groups of two images are enough. 400 says which type lacks "
                    "what; 409, with `model`: a training of the task is already running."
                ),
                says=versions.EXAMPLE | versions.QUEUED,
            ),
        },
    },
)
