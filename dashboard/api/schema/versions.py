"""Versions: trained models of a task, which the API calls models."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples
from dashboard.api.schema.calls import SIMILARITY, Call, Noun, a_page, page_of
from dashboard.api.schema.parameters import LIST, of_id
from dashboard.api.shapes import VersionFields
from dashboard.models import Version


class VersionAnswer(serializers.Serializer[Any]):
    """A model: a trained version of a task."""

    id = serializers.UUIDField()
    task = serializers.UUIDField()
    task_name = serializers.CharField()
    version = serializers.IntegerField(min_value=1, help_text="1, 2, … within its task.")
    train_status = serializers.ChoiceField(Version.Status.choices)
    production = serializers.BooleanField(help_text="Whether its task uses it unless told.")
    dimension = serializers.IntegerField(
        min_value=1, allow_null=True, help_text="The length of its descriptors."
    )
    metrics = serializers.DictField(
        child=serializers.JSONField(), help_text="How well it did on held-out groups, by type."
    )
    train_detail = serializers.CharField(help_text="The outcome in a sentence.")
    workspace = serializers.UUIDField()
    created = serializers.DateTimeField()
    trained = serializers.DateTimeField(allow_null=True)


EXAMPLE = {
    "id": examples.VERSION,
    "task": examples.TASK,
    "task_name": "Shoes",
    "version": 1,
    "train_status": "TRAINED",
    "production": True,
    "dimension": 128,
    "metrics": {},
    "train_detail": "Same product: better than before training.",
    "workspace": examples.WORKSPACE,
    "created": examples.CREATED,
    "trained": examples.MODIFIED,
}
QUEUED = {
    "version": 2,
    "train_status": "QUEUED",
    "production": False,
    "dimension": None,
    "metrics": {},
    "train_detail": "",
    "trained": None,
}

NOUN = Noun(
    "Models",
    "A model is a trained version of a task. Descriptors come from the production version unless "
    "a call names another.",
    {
        f"{SIMILARITY}/model": {
            "GET": Call(
                "models_list",
                "List the models",
                page_of(VersionAnswer),
                query=[*LIST, of_id("task", "Of this task.")],
                says=a_page(EXAMPLE),
            ),
        },
        f"{SIMILARITY}/model/{{version_id}}": {
            "GET": Call("models_read", "Read a model", VersionAnswer, says=EXAMPLE),
            "PATCH": Call(
                "models_patch",
                "Make a model the production version, or withdraw it",
                VersionAnswer,
                body=VersionFields,
                partial=True,
                text="Takes an admin. Only a trained model can be the production version.",
                asks={"production": True},
                says=EXAMPLE,
            ),
            "DELETE": Call(
                "models_delete",
                "Delete a model",
                status=204,
                refuses=[409],
                text="Not while a collection uses it.",
            ),
        },
    },
)
