"""Describe calls about versions, which the API calls models."""

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
    production = serializers.BooleanField(help_text="Whether its task uses it by default.")
    encoder = serializers.CharField(
        help_text="Key of the encoder that it was trained with and uses."
    )
    dimension = serializers.IntegerField(
        min_value=1, allow_null=True, help_text="The dimension of its descriptors."
    )
    metrics = serializers.DictField(
        child=serializers.JSONField(),
        help_text=(
            "Evaluation, by the type's id. `unseen` has Recall@1, Recall@5 and MAP@R of "
            "cross-validation, `held_out` those on test images and test groups (null without "
            "any), each with its 95% interval, for the `delivered` descriptor, the `untrained` "
            "one and, if it could be compared, that of the `production` version at the time; "
            "`production_learned` of the groups that the production version was trained on "
            "itself. `candidates` is the table of cross-validation, `verdict` its outcome. "
            "Additions to the contract: `gallery` counts the images and groups among which each "
            "query was searched (older models lack it: theirs were searched within their fold), "
            "`mix` says how much of the similarity comes from object categories (`photo_share`, 0 "
            "to 1; null for a single encoder), `baseline` what the gate compared with "
            "(`untrained` or `cosine`), `fold_by` the key of metadata by which groups were tested "
            "together, `folds` whether that was possible."
        ),
    )
    train_detail = serializers.CharField(help_text="The outcome in a sentence.")
    workspace = serializers.UUIDField()
    created = serializers.DateTimeField()
    trained = serializers.DateTimeField(allow_null=True)


WORTH = {
    "recall@1": {"value": 0.94, "low": 0.9, "high": 0.96},
    "recall@5": {"value": 1.0, "low": 1.0, "high": 1.0},
    "map@r": {"value": 0.76, "low": 0.7, "high": 0.82},
}
RECIPE = {"n0": 300, "g0": 1000, "shrink": 0.03, "leaning": ""}
REPORT = {
    "name": "Same product",
    "groups": 36,
    "images": 216,
    "dimension": 128,
    "mix": {"photo_weight": 1.0, "photo_share": 0.5},
    "baseline": "untrained",
    "folds": {"by": "group", "sentence": ""},
    "fold_by": "",
    "verdict": {
        "better": True,
        "verified": True,
        "sentence": "The trained embedding is better than the untrained embedding.",
        "gain": 0.09,
        "gain_at_least": 0.05,
        "recipe": RECIPE,
    },
    "candidates": [{"recipe": RECIPE, "recall@1": 0.94, "recall@5": 1.0, "map@r": 0.76}],
    "unseen": {
        "queries": 216,
        "groups": 36,
        "gallery": {"images": 216, "groups": 36},
        "delivered": WORTH,
        "untrained": WORTH,
        "production": WORTH,
        "production_learned": 12,
        "by_group": {"group": [0], "recall@1": [0.5], "recall@5": [1.0], "map@r": [0.3]},
    },
    "held_out": None,
    "production_version": 1,
}
EXAMPLE = {
    "id": examples.VERSION,
    "task": examples.TASK,
    "task_name": "Shoes",
    "version": 1,
    "train_status": "TRAINED",
    "production": True,
    "encoder": "builtin-1+photo-1",
    "dimension": 128,
    "metrics": {examples.TYPE: REPORT},
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
    (
        "A model is a trained version of a task. Descriptors come from the production version "
        "unless a call names another version."
    ),
    {
        f"{SIMILARITY}/model": {
            "GET": Call(
                "models_list",
                "List the models",
                page_of(VersionAnswer),
                query=[*LIST, of_id("task", "Only models of this task.")],
                says=a_page(EXAMPLE),
            ),
        },
        f"{SIMILARITY}/model/{{version_id}}": {
            "GET": Call("models_read", "Read a model", VersionAnswer, says=EXAMPLE),
            "PATCH": Call(
                "models_patch",
                "Set or unset the production version",
                VersionAnswer,
                body=VersionFields,
                partial=True,
                text="Requires an admin. Only a trained model can be the production version.",
                asks={"production": True},
                says=EXAMPLE,
            ),
            "DELETE": Call(
                "models_delete",
                "Delete a model",
                status=204,
                refuses=[409],
                text="Refused while a collection uses it.",
            ),
        },
    },
)
