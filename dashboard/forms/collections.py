"""Define the forms of collections: their names, fills and searches."""

from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import Workspace
from dashboard.forms.search import PictureForm
from dashboard.forms.versions import VersionField
from dashboard.forms.which_images import GROUPS_LISTED, WhichImagesForm
from dashboard.queries.library.groups import groups_in
from dashboard.queries.training.versions import find_default


class CollectionForm(forms.Form):
    """A collection's name and description."""

    name = forms.CharField(max_length=255, help_text="What it contains: “Shop, spring 2027”.")
    description = forms.CharField(
        required=False, max_length=10_000, widget=forms.Textarea({"rows": 3})
    )


class NewCollectionForm(CollectionForm):
    """A new collection with its version, which never changes."""

    version = VersionField(
        label="Version",
        empty_label="Choose a version",
        help_text=(
            "This cannot be changed later: embeddings of different versions cannot be compared."
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, workspace: Workspace) -> None:
        super().__init__(data, initial={"version": find_default(workspace)})
        version: Any = self.fields["version"]
        version.offer(workspace)


class FillForm(WhichImagesForm):
    """The images to add: all of the workspace, or those of a type or a group."""

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, workspace=workspace, **options)
        self.list_groups([*groups_in(workspace).order_by("-created", "-id")[:GROUPS_LISTED]])

    def first_error(self) -> str:
        """Return the first error."""
        return str(next(iter(self.errors.values()))[0])


class CollectionSearchForm(PictureForm):
    """A query image, or a record of the collection by its key."""

    KNOWN = "record"

    record = forms.CharField(required=False, max_length=255, widget=forms.HiddenInput)
