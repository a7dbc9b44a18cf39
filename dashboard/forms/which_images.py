"""Define the choice of a workspace's images by a type or a group."""

from typing import Any

from django import forms

from accounts.models import Workspace
from dashboard.models import Group, SimilarityType
from dashboard.queries.library.groups import groups_in
from dashboard.queries.library.similarity_types import types_in

GROUPS_LISTED = 200
BOTH = "Choose a type or a group, not both."


class WhichImagesForm(forms.Form):
    """Images of a type or a group of the workspace; without either, all of them."""

    similarity_type = forms.ModelChoiceField(
        SimilarityType.objects.none(),
        label="Which images",
        required=False,
        empty_label="All images",
        error_messages={"invalid_choice": "This type was deleted. Choose another."},
    )
    group = forms.ModelChoiceField(
        Group.objects.none(),
        label="Or only the images of one group",
        required=False,
        empty_label="No group",
        error_messages={"invalid_choice": "This group was deleted. Choose another."},
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["similarity_type"].queryset = types_in(workspace).order_by("name", "id")
        fields["similarity_type"].label_from_instance = "Images of the type “{}”".format
        fields["group"].queryset = groups_in(workspace)

    def list_groups(self, groups: list[Group]) -> None:
        """Offer these groups; any other of the workspace may be chosen, too."""
        field: Any = self.fields["group"]
        listed = [(row.pk, f"{row} ({row.similarity_type})") for row in groups]
        # Of the widget alone: the field itself still accepts any group of the workspace.
        field.widget.choices = [("", field.empty_label), *listed]

    def clean(self) -> dict[str, Any]:
        """Refuse contradicting choices."""
        values = self.cleaned_data
        if values.get("similarity_type") and values.get("group"):
            self.add_error("group", BOTH)
        return values
