"""What a person sends: files, and the type that their folders become groups of."""

from __future__ import annotations  # Django's UploadedFile is generic for type checkers only

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from accounts.models import Workspace
from dashboard.models import SimilarityType
from dashboard.queries.similarity_types import types_in
from dashboard.services.uploads import SentFile


class FilesInput(forms.FileInput):
    """A file input that takes many files at once."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UploadedFile[Any]]:  # noqa: ARG002
        """Return every file, not only the last."""
        return list(files.getlist(name)) if files else []


class FilesField(forms.FileField):
    """One or many files; an empty one is no mistake of the form but a failure of that file."""

    widget = FilesInput

    def clean(self, data: list[UploadedFile[Any]], initial: Any = None) -> Any:  # noqa: ARG002
        """Return the files as they came."""
        if not data:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return data


class UploadForm(forms.Form):
    """Files for a workspace, and at most one similarity type: a present one or a new one."""

    file = FilesField(
        label="Files",
        error_messages={"required": "Choose at least one picture or ZIP archive."},
        widget=FilesInput({"multiple": True, "accept": "image/*,.heic,.heif,.zip,application/zip"}),
    )
    similarity_type = forms.ModelChoiceField(
        SimilarityType.objects.none(),
        label="Folders become groups of the type",
        required=False,
        empty_label="No type: only bring the images in",
        help_text="Each folder of a ZIP becomes a group, and its images go into it.",
        error_messages={
            "invalid_choice": "This type is no longer there: reload the page and choose another."
        },
    )
    new_type = forms.CharField(
        label="Or of a new type",
        max_length=255,
        required=False,
        help_text="Such as “Same product”: in what sense the images of a folder are alike.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        types: Any = self.fields["similarity_type"]
        types.queryset = types_in(workspace).order_by("name", "id")

    def clean(self) -> dict[str, Any]:
        """Refuse two answers to one question."""
        values = self.cleaned_data
        if values.get("similarity_type") and values.get("new_type"):
            self.add_error("new_type", "Choose a type or name a new one, not both.")
        return values

    def sent_files(self) -> list[SentFile]:
        """Return the files as the service takes them."""
        return [
            SentFile(name=file.name, size=file.size, stream=file)
            for file in self.cleaned_data["file"]
        ]

    def first_error(self) -> str:
        """Return one sentence about what is wrong."""
        return str(next(iter(self.errors.values()))[0])
