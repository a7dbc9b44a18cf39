"""Images that a person ticked, and where they should go."""

from typing import Any
from uuid import UUID

from django import forms

from accounts.models import Workspace
from dashboard.models import Group, SimilarityType
from dashboard.queries.groups import groups_in
from dashboard.queries.similarity_types import types_in


class IdsField(forms.TypedMultipleChoiceField):
    """Ids of the ticked boxes."""

    def __init__(self, noun: str = "image") -> None:
        super().__init__(
            coerce=UUID,
            required=True,
            error_messages={
                "required": f"Tick at least one {noun} first.",
                "invalid_choice": "Reload the page and tick again: a box was damaged.",
            },
        )

    def valid_value(self, value: Any) -> bool:  # noqa: ARG002
        """Leave it to the service whether the image is there."""
        return True


class TickedForm(forms.Form):
    """The ticked images."""

    ids = IdsField()

    def first_error(self) -> str:
        """Return one sentence about what is wrong."""
        return str(next(iter(self.errors.values()))[0])


class GroupingForm(TickedForm):
    """The ticked images and a group, by its type and name; by its id where several have that."""

    similarity_type = forms.ModelChoiceField(
        SimilarityType.objects.none(),
        error_messages={"required": "Choose the type of the group."},
    )
    name = forms.CharField(
        max_length=255, error_messages={"required": "Name the group: a new one, or one there is."}
    )

    group = forms.ModelChoiceField(
        Group.objects.none(),
        required=False,
        error_messages={"invalid_choice": "This group was deleted meanwhile: choose another."},
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        kind: Any = self.fields["similarity_type"]
        kind.queryset = types_in(workspace)
        group: Any = self.fields["group"]
        group.queryset = groups_in(workspace)
