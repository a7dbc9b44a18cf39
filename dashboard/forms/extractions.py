"""What to describe, with which version, into which file."""

from typing import Any

from django import forms

from accounts.models import Workspace
from dashboard.forms.versions import VersionField
from dashboard.models import Extraction, Group, SimilarityType
from dashboard.queries.groups import groups_in
from dashboard.queries.similarity_types import types_in

GROUPS_LISTED = 200


class ExtractionForm(forms.Form):
    """An extraction to be started; without a type and a group it is of all images."""

    version = VersionField(label="Described by", empty_label="Choose a version")
    similarity_type = forms.ModelChoiceField(
        SimilarityType.objects.none(),
        label="Which images",
        required=False,
        empty_label="All images",
        error_messages={"invalid_choice": "This type is no longer there: choose another."},
    )
    group = forms.ModelChoiceField(
        Group.objects.none(),
        label="Or only those of one group",
        required=False,
        empty_label="No single group",
        error_messages={"invalid_choice": "This group is no longer there: choose another."},
    )
    file_format = forms.ChoiceField(
        label="Format",
        choices=Extraction.Format.choices,
        error_messages={"invalid_choice": "Choose one of the four formats."},
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["version"].offer(workspace)
        fields["similarity_type"].queryset = types_in(workspace).order_by("name", "id")
        fields["similarity_type"].label_from_instance = "Images of the type “{}”".format
        fields["group"].queryset = groups_in(workspace)
        fields["group"].widget.choices = self._listed_groups(workspace)

    def _listed_groups(self, workspace: Workspace) -> list[tuple[Any, str]]:
        """Return the newest groups, and the chosen one if it is older than they are."""
        listed = list(groups_in(workspace).order_by("-created", "-id")[:GROUPS_LISTED])
        field: Any = self.fields["group"]
        try:
            chosen = field.to_python(self["group"].value())
        except forms.ValidationError:
            chosen = None
        if chosen is not None and chosen not in listed:
            listed.append(chosen)
        named = [(row.pk, f"{row} ({row.similarity_type})") for row in listed]
        return [("", field.empty_label), *named]

    def clean(self) -> dict[str, Any]:
        """Refuse two answers to one question."""
        values = self.cleaned_data
        if values.get("similarity_type") and values.get("group"):
            self.add_error("group", "Choose a type or a group, not both.")
        return values
