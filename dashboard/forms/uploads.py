"""Define the forms of uploads: how files are imported, and a few files themselves."""

from __future__ import annotations  # Django's UploadedFile is generic for type checkers only

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from accounts.models import Workspace
from dashboard.models import SimilarityType
from dashboard.queries.library.similarity_types import types_in

MOST_ADDRESSES = 1_000_000  # characters; a longer list is a file
MOST_FILES = 1 << 30  # the limit of the column


class TypeForm(forms.Form):
    """The type of groups made from folders: none, an existing one or a new one."""

    similarity_type = forms.ModelChoiceField(
        SimilarityType.objects.none(),
        label="Folders become groups of the type",
        required=False,
        empty_label="No type: only import the images",
        help_text="Each folder becomes a group of its images.",
        error_messages={
            "invalid_choice": "This type was deleted. Reload the page and choose another."
        },
    )
    new_type = forms.CharField(
        label="Or of a new type",
        max_length=255,
        required=False,
        help_text="What makes the images of a folder similar, such as “Same product”.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        types: Any = self.fields["similarity_type"]
        types.queryset = types_in(workspace).order_by("name", "id")

    def clean(self) -> dict[str, Any]:
        """Refuse contradicting choices."""
        values = self.cleaned_data
        if values.get("similarity_type") and values.get("new_type"):
            self.add_error("new_type", "Choose a type or name a new one, not both.")
        return values

    def first_error(self) -> str:
        """Return the first error."""
        return str(next(iter(self.errors.values()))[0])


class UploadForm(TypeForm):
    """How files are imported."""

    auto_commit = forms.BooleanField(
        label="Import everything at once, without a review",
        required=False,
    )
    name = forms.CharField(max_length=255, required=False, widget=forms.HiddenInput)
    expected = forms.IntegerField(
        min_value=0, max_value=MOST_FILES, required=False, widget=forms.HiddenInput
    )

    def settings(self) -> dict[str, Any]:
        """Return the input of the service."""
        values = self.cleaned_data
        return {
            "similarity_type": values["similarity_type"],
            "new_type_name": values["new_type"],
            "auto_commit": values["auto_commit"],
            "expected": values["expected"] or 0,
        }


class FilesInput(forms.FileInput):
    """A file input that accepts many files at once."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UploadedFile[Any]]:  # noqa: ARG002
        """Return every file, not only the last."""
        return list(files.getlist(name)) if files else []


class FilesField(forms.FileField):
    """Some files, or none; an empty one is not an error of the form, only this file fails."""

    widget = FilesInput

    def clean(self, data: list[UploadedFile[Any]], initial: Any = None) -> Any:  # noqa: ARG002
        """Return the files unchanged."""
        return data or []


class PlainUploadForm(UploadForm):
    """The same form with the files themselves, for a browser without JavaScript."""

    file = FilesField(
        label="Files",
        required=False,
        widget=FilesInput({"multiple": True}),
    )
    addresses = forms.CharField(
        label="URLs of images",
        max_length=MOST_ADDRESSES,
        required=False,
        help_text="One per line. They are fetched during the import.",
        widget=forms.Textarea({"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
    )

    def title(self) -> str:
        """Return the name of the upload."""
        files = self.cleaned_data["file"]
        if len(files) == 1:
            return str(files[0].name)
        return f"{len(files)} files" if files else "addresses"
