"""What to describe, with which version, into which file."""

from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import Workspace
from dashboard.forms.images import ChosenForm
from dashboard.forms.versions import VersionField
from dashboard.models import Extraction, Group, SimilarityType
from dashboard.queries.groups import find_groups, groups_in
from dashboard.queries.image_tiles import Chosen
from dashboard.queries.similarity_types import types_in

GROUPS_LISTED = 200
MOST_OF_A_FILTER = 2000
MOST_OF_ADDRESSES = 1_000_000
FILTER_GONE = "This filter is no longer there: its type or group was deleted."


class SentForm(forms.Form):
    """Pictures that are described and not kept: at these addresses, or sent after this."""

    version = VersionField(label="Described by", empty_label="Choose a version")
    file_format = forms.ChoiceField(
        label="Format",
        choices=Extraction.Format.choices,
        error_messages={"invalid_choice": "Choose one of the four formats."},
    )
    addresses = forms.CharField(
        label="Addresses of pictures",
        max_length=MOST_OF_ADDRESSES,
        required=False,
        help_text="One a line. Leave it empty to send pictures or an archive.",
        widget=forms.Textarea({"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*args, **options)
        self.auto_id = "sent_%s"  # beside another form with fields of the same names
        fields: dict[str, Any] = self.fields
        fields["version"].offer(workspace)


class ExtractionForm(forms.Form):
    """An extraction to be started; without a filter, a type and a group it is of all images."""

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
    # A query of the grid: one field, since the grid's own names would clash with those above.
    filter = forms.CharField(required=False, max_length=MOST_OF_A_FILTER, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, workspace: Workspace, group_name: str = "", **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.workspace, self.group_name = workspace, group_name
        fields: dict[str, Any] = self.fields
        fields["version"].offer(workspace)
        fields["similarity_type"].queryset = types_in(workspace).order_by("name", "id")
        fields["similarity_type"].label_from_instance = "Images of the type “{}”".format
        fields["group"].queryset = groups_in(workspace)
        fields["group"].widget.choices = self._listed_groups(workspace)

    def _listed_groups(self, workspace: Workspace) -> list[tuple[Any, str]]:
        """Return the newest groups of the name, and the chosen one if it is not among them."""
        found = find_groups(workspace, name=self.group_name).order_by("-created", "-id")
        listed = list(found[: GROUPS_LISTED + 1])
        field: Any = self.fields["group"]
        field.help_text = self._note(len(listed))
        del listed[GROUPS_LISTED:]
        try:
            chosen = field.to_python(self["group"].value())
        except forms.ValidationError:
            chosen = None
        if chosen is not None and chosen not in listed:
            listed.append(chosen)
        named = [(row.pk, f"{row} ({row.similarity_type})") for row in listed]
        return [("", field.empty_label), *named]

    def _note(self, found: int) -> str:
        if self.group_name and not found:
            return "No group has that in its name."
        if found > GROUPS_LISTED:
            return f"The newest {GROUPS_LISTED} are listed: search for the others by their name."
        return ""

    def clean_filter(self) -> Chosen | None:
        """Return the filter as the grid reads it; None if it leaves nothing out."""
        return self._read_filter(self.cleaned_data["filter"])

    def shown_filter(self) -> Chosen | None:
        """Return the filter that the page came with; raises `ValidationError`."""
        return self._read_filter(str(self["filter"].value() or "")[:MOST_OF_A_FILTER])

    def _read_filter(self, query: str) -> Chosen | None:
        form = ChosenForm(QueryDict(query), workspace=self.workspace)
        if not form.is_valid():
            raise forms.ValidationError(FILTER_GONE)
        chosen = form.chosen()
        return None if chosen == Chosen() else chosen

    def clean(self) -> dict[str, Any]:
        """Refuse two answers to one question."""
        values = self.cleaned_data
        if values.get("similarity_type") and values.get("group"):
            self.add_error("group", "Choose a type or a group, not both.")
        elif values.get("filter") and (values.get("similarity_type") or values.get("group")):
            self.add_error(None, "Choose a filter, or a type or a group, not both.")
        return values
