"""What people say of a task."""

from typing import Any

from django import forms

from accounts.models import Workspace
from dashboard.models import SimilarityType, Task
from dashboard.queries.encoders import choices as encoder_choices
from dashboard.queries.similarity_types import types_in


class TaskForm(forms.Form):
    """A task to be made."""

    name = forms.CharField(
        max_length=255, help_text="What the model is for: “Find duplicates in the shop”."
    )
    description = forms.CharField(
        required=False, max_length=10_000, widget=forms.Textarea({"rows": 3})
    )
    encoder = forms.ChoiceField(
        required=False,
        help_text="What looks at the pictures, from the next training on; versions keep theirs.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = encoder_choices()
        if len(choices) > 2:  # more than the one built in, by either name
            field: Any = self.fields["encoder"]
            field.choices = choices
        else:
            del self.fields["encoder"]


class TaskTypeForm(forms.Form):
    """A type that is attached or taken off."""

    similarity_type = forms.ModelChoiceField(
        SimilarityType.objects.none(),
        label="Type",
        empty_label="Choose a type",
        error_messages={
            "required": "Choose a type first.",
            "invalid_choice": "This type is no longer there.",
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
