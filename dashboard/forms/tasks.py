"""Define the forms of tasks."""

from typing import Any

from django import forms

from accounts.models import Workspace
from accounts.words import counted
from dashboard.models import SimilarityType, Task
from dashboard.queries.library.similarity_types import types_in
from dashboard.queries.training.encoders import choices
from dashboard.queries.training.looks import looks_at_all


class TaskForm(forms.Form):
    """A new task."""

    name = forms.CharField(
        max_length=255, help_text="What the model is for: “Find duplicates in the shop”."
    )
    description = forms.CharField(
        required=False, max_length=10_000, widget=forms.Textarea({"rows": 3})
    )
    encoder = forms.ChoiceField(
        required=False,
        help_text="Used from the next training on. Existing versions keep theirs.",
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["encoder"]
        field.choices = choices(workspace)
        field.help_text += _times(workspace)


def _times(workspace: Workspace) -> str:
    """Return how long the features of all images take with each encoder, if it is known."""
    named = {key: name for key, name in choices() if key}
    looks = looks_at_all(workspace, list(named))
    known = [f"“{name}” {looks[key].time}" for key, name in named.items() if looks[key].time]
    some = next(iter(looks.values()))
    if not known or not some.images:
        return ""
    return f" To index {counted(some.images, 'image')} takes {', '.join(known)}."


class TaskTypeForm(forms.Form):
    """A type to attach or detach."""

    similarity_type = forms.ModelChoiceField(
        SimilarityType.objects.none(),
        label="Type",
        empty_label="Choose a type",
        error_messages={
            "required": "Choose a type first.",
            "invalid_choice": "This type was deleted.",
        },
    )

    def __init__(
        self, *args: Any, workspace: Workspace, leave_out: Task | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        types = types_in(workspace).order_by("name", "id")
        if leave_out is not None:
            types = types.exclude(tasks=leave_out)
        kind: Any = self.fields["similarity_type"]
        kind.queryset = types
