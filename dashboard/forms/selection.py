"""Define the forms of selected images, and their destination."""

from typing import Any
from uuid import UUID

from django import forms

from accounts.models import Workspace
from dashboard.models import Group, SimilarityType
from dashboard.queries.library.groups import groups_in
from dashboard.queries.library.similarity_types import types_in
from dashboard.services.library.members import Taken


class IdsField(forms.TypedMultipleChoiceField):
    """The ids of the selected checkboxes."""

    def __init__(self, noun: str = "image") -> None:
        super().__init__(
            coerce=UUID,
            required=True,
            error_messages={
                "required": f"Select at least one {noun} first.",
                "invalid_choice": "The selection was not valid. Reload the page and select again.",
            },
        )

    def valid_value(self, value: Any) -> bool:  # noqa: ARG002
        """Return True: the service checks whether the image exists."""
        return True


class TickedForm(forms.Form):
    """The selected images."""

    ids = IdsField()

    def ticked(self) -> list[UUID]:
        """Return the selected ids even if the form is invalid: a refusal keeps the selection."""
        sent: Any = self.data
        return [key for text in sent.getlist("ids") if (key := _as_uuid(text)) is not None]

    def first_error(self) -> str:
        """Return the first error."""
        return str(next(iter(self.errors.values()))[0])


class AskedForm(TickedForm):
    """The selected images, and whether the person has confirmed."""

    asked = forms.BooleanField(required=False)


class PuttingForm(TickedForm):
    """The selected images, and what to do with those in another group of an exclusive type."""

    taken = forms.TypedChoiceField(
        choices=[(one.value, one.name) for one in Taken],
        coerce=Taken,
        required=False,
        empty_value=None,
        error_messages={"invalid_choice": "Choose whether to move or skip them."},
    )

    def clean_taken(self) -> Taken:
        """Return `REFUSE`, unless the person was asked and chose otherwise."""
        return self.cleaned_data["taken"] or Taken.REFUSE


class GroupingForm(PuttingForm):
    """The selected images and a group, by type and name; by id if several have the name."""

    similarity_type = forms.ModelChoiceField(
        SimilarityType.objects.none(),
        error_messages={"required": "Choose the type of the group."},
    )
    name = forms.CharField(
        max_length=255, error_messages={"required": "Enter the name of a new or an existing group."}
    )

    group = forms.ModelChoiceField(
        Group.objects.none(),
        required=False,
        error_messages={
            "invalid_choice": "This group was deleted in the meantime. Choose another."
        },
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        kind: Any = self.fields["similarity_type"]
        kind.queryset = types_in(workspace)
        group: Any = self.fields["group"]
        group.queryset = groups_in(workspace)


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
