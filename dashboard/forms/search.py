"""Define the form of a query: an image, its URL, or an image of the workspace."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict

from accounts.models import Workspace
from dashboard.files.errors import ImageTooLarge
from dashboard.forms.versions import VersionField
from dashboard.models import Image
from dashboard.queries.library.images import images_in
from dashboard.queries.training.versions import find_default

COUNTS = (12, 24, 48)
USUAL_COUNT = 24


class PictureForm(forms.Form):
    """A query image by file or URL, or in the field that `KNOWN` names, and the number of results.

    `picture` is the signed name of a query image that was stored before.
    """

    KNOWN = ""

    file = forms.FileField(
        label="Image",
        required=False,
        widget=forms.FileInput({"accept": "image/*,.heic,.heif"}),
        error_messages={"empty": "This file is empty. Choose another."},
    )
    url = forms.CharField(
        label="Or the URL of an image",
        required=False,
        max_length=2000,
        widget=forms.URLInput({"placeholder": "https://…", "autocomplete": "off"}),
    )
    k = forms.TypedChoiceField(
        label="Results",
        required=False,
        choices=[(count, str(count)) for count in COUNTS],
        coerce=int,
        initial=USUAL_COUNT,
        empty_value=None,
        error_messages={"invalid_choice": "Choose 12, 24 or 48 results."},
    )
    picture = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def clean_file(self) -> Any:
        """Refuse a file that is too large to be decoded, before it is read."""
        file, limit = self.cleaned_data["file"], settings.LIKEWISE_MAX_IMAGE
        if file and file.size > limit:
            raise forms.ValidationError(ImageTooLarge(limit, file.size).reason)
        return file

    def clean_k(self) -> int:
        """Return the default number if none is given."""
        return self.cleaned_data["k"] or USUAL_COUNT

    def clean(self) -> dict[str, Any]:
        """Refuse two query images, and none."""
        values = self.cleaned_data
        if values.get("file") and values.get("url"):
            raise forms.ValidationError("Choose a file or enter a URL, not both.")
        if not self.errors and not any(
            values[name] for name in ("file", "url", "picture", self.KNOWN)
        ):
            raise forms.ValidationError("Choose an image, paste one, or enter its URL.")
        return values

    def first_error(self) -> str:
        """Return the first error."""
        return str(next(iter(self.errors.values()))[0])


class SearchForm(PictureForm):
    """A query image and the version to search with; a file takes precedence over an image."""

    KNOWN = "image"

    image = forms.ModelChoiceField(
        Image.objects.none(),
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": "This image was deleted. Choose another."},
    )
    version = VersionField(label="Version", required=False, empty_label="Untrained embedding")

    def __init__(
        self, data: QueryDict | None = None, files: Any = None, *, workspace: Workspace
    ) -> None:
        """Use the workspace's default version if none is given; an empty one is the untrained."""
        default = find_default(workspace) if data is None or "version" not in data else None
        if data is not None and "version" not in data:
            data = data.copy()
            # Bound like the others: an empty field means the untrained embedding, a missing one the
            # default.
            data["version"] = str(default.pk) if default else ""
        super().__init__(data, files, initial={"version": default})
        image: Any = self.fields["image"]
        image.queryset = images_in(workspace).select_related("workspace")
        version: Any = self.fields["version"]
        version.offer(workspace)
