"""What people say of a collection, put into it, and search it with."""

from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import Workspace
from dashboard.forms.search import PictureForm
from dashboard.forms.versions import VersionField
from dashboard.models import Group, SimilarityType
from dashboard.queries.groups import groups_in
from dashboard.queries.similarity_types import types_in
from dashboard.queries.versions import find_default

GROUPS_LISTED = 200


class CollectionForm(forms.Form):
    """A collection's name and description."""

    name = forms.CharField(max_length=255, help_text="What is found in it: “Shop, spring 2027”.")
    description = forms.CharField(
        required=False, max_length=10_000, widget=forms.Textarea({"rows": 3})
    )


class NewCollectionForm(CollectionForm):
    """A collection to be made of a version, which it keeps."""

    version = VersionField(
        label="Described by",
        empty_label="Choose a version",
        help_text="For good: descriptors of two versions cannot be compared.",
    )

    def __init__(self, data: QueryDict | None = None, *, workspace: Workspace) -> None:
        super().__init__(data, initial={"version": find_default(workspace)})
        version: Any = self.fields["version"]
        version.offer(workspace)


class FillForm(forms.Form):
    """Which images of the workspace to put in; without a type and a group it is all of them."""

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

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["similarity_type"].queryset = types_in(workspace).order_by("name", "id")
        fields["similarity_type"].label_from_instance = "Images of the type “{}”".format
        fields["group"].queryset = groups_in(workspace)
        newest = groups_in(workspace).order_by("-created", "-id")[:GROUPS_LISTED]
        listed = [(row.pk, f"{row} ({row.similarity_type})") for row in newest]
        fields["group"].widget.choices = [("", fields["group"].empty_label), *listed]

    def clean(self) -> dict[str, Any]:
        """Refuse two answers to one question."""
        values = self.cleaned_data
        if values.get("similarity_type") and values.get("group"):
            raise forms.ValidationError("Choose a type or a group, not both.")
        return values

    def first_error(self) -> str:
        """Return one sentence about what is wrong."""
        return str(next(iter(self.errors.values()))[0])


class CollectionSearchForm(PictureForm):
    """A query picture, or a record of the collection by its key."""

    KNOWN = "record"

    record = forms.CharField(required=False, max_length=255, widget=forms.HiddenInput)
