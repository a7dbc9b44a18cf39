"""Define the forms of extractions."""

from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import Workspace
from dashboard.forms.images import ChosenForm
from dashboard.forms.versions import VersionField
from dashboard.forms.which_images import GROUPS_LISTED, WhichImagesForm
from dashboard.models import Extraction, Group
from dashboard.queries.library.groups import find_groups
from dashboard.queries.library.image_tiles import ImageFilter

MOST_OF_A_FILTER = 2000
MOST_OF_ADDRESSES = 1_000_000
FILTER_GONE = "This filter no longer applies: its type or group was deleted."


class SentForm(forms.Form):
    """Images that are not stored: at these URLs, or uploaded after this."""

    version = VersionField(label="Version", empty_label="Choose a version")
    file_format = forms.ChoiceField(
        label="Format",
        choices=Extraction.Format.choices,
        error_messages={"invalid_choice": "Choose one of the four formats."},
    )
    addresses = forms.CharField(
        label="Image URLs",
        max_length=MOST_OF_ADDRESSES,
        required=False,
        help_text="One per line. Leave empty to upload images or an archive.",
        widget=forms.Textarea({"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        self.auto_id = "sent_%s"  # beside another form with the same field names
        fields: dict[str, Any] = self.fields
        fields["version"].offer(workspace)


class ExtractionForm(WhichImagesForm):
    """An extraction; without a filter, a type and a group it has all images."""

    version = VersionField(label="Version", empty_label="Choose a version")
    file_format = forms.ChoiceField(
        label="Format",
        choices=Extraction.Format.choices,
        error_messages={"invalid_choice": "Choose one of the four formats."},
    )
    # A query of the grid: one field, since the grid's own names would clash with those above.
    filter = forms.CharField(required=False, max_length=MOST_OF_A_FILTER, widget=forms.HiddenInput)
    field_order = ("version", "similarity_type", "group", "file_format", "filter")

    def __init__(
        self, *args: Any, workspace: Workspace, group_name: str = "", **options: Any
    ) -> None:
        super().__init__(*args, workspace=workspace, **options)
        self.workspace, self.group_name = workspace, group_name
        version: Any = self.fields["version"]
        version.offer(workspace)
        self.list_groups(self._groups_to_list())

    def _groups_to_list(self) -> list[Group]:
        """Return the newest groups with the name, and the chosen one if it is not among them."""
        found = find_groups(self.workspace, name=self.group_name).order_by("-created", "-id")
        # One more than is listed indicates that there are more.
        listed = list(found[: GROUPS_LISTED + 1])
        field: Any = self.fields["group"]
        field.help_text = self._note(len(listed))
        del listed[GROUPS_LISTED:]
        try:
            chosen = field.to_python(self["group"].value())
        except forms.ValidationError:
            chosen = None
        # A list without the chosen group would show another as chosen.
        if chosen is not None and chosen not in listed:
            listed.append(chosen)
        return listed

    def _note(self, found: int) -> str:
        if self.group_name and not found:
            return "No group has this in its name."
        if found > GROUPS_LISTED:
            return f"The newest {GROUPS_LISTED} groups are listed. Search for others by name."
        return ""

    def clean_filter(self) -> ImageFilter | None:
        """Return the filter as the grid reads it; None if it excludes nothing."""
        return self._read_filter(self.cleaned_data["filter"])

    def shown_filter(self) -> ImageFilter | None:
        """Return the initial filter of the page. Raises `ValidationError`."""
        return self._read_filter(str(self["filter"].value() or "")[:MOST_OF_A_FILTER])

    def _read_filter(self, query: str) -> ImageFilter | None:
        form = ChosenForm(QueryDict(query), workspace=self.workspace)
        if not form.is_valid():
            raise forms.ValidationError(FILTER_GONE)
        chosen = form.chosen()
        return None if chosen == ImageFilter() else chosen

    def clean(self) -> dict[str, Any]:
        """Refuse contradicting choices."""
        values = super().clean()
        if values.get("filter") and (values.get("similarity_type") or values.get("group")):
            self.add_error(None, "Choose a filter, or a type or a group, not both.")
        return values
