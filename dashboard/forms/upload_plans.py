"""Define the forms that fix a plan."""

from typing import Any

from django import forms

from dashboard.files.archives.code_pages import CODE_PAGES
from dashboard.services.uploads.mending import Mended

_MARKS = [("", "Not set"), ("yes", "Yes"), ("no", "No")]
_VALUES = {"": None, "yes": True, "no": False}


class MendForm(forms.Form):
    """The values of one file."""

    file = forms.IntegerField(min_value=1, max_value=2**62, widget=forms.HiddenInput)
    group = forms.CharField(max_length=255, required=False)
    type = forms.CharField(max_length=255, required=False)
    test = forms.ChoiceField(choices=_MARKS, required=False, label="Test image")
    real = forms.ChoiceField(choices=_MARKS, required=False, label="Real image")

    def mended(self) -> Mended:
        """Return the input of the service."""
        values: dict[str, Any] = self.cleaned_data
        return Mended(
            group_name=values["group"],
            type_name=values["type"],
            test_image=_VALUES[values["test"]],
            real=_VALUES[values["real"]],
        )


class RenameForm(forms.Form):
    """A new name for a planned group."""

    group = forms.CharField(max_length=255, strip=False, widget=forms.HiddenInput)
    type = forms.CharField(max_length=255, required=False, strip=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=255, error_messages={"required": "Give the group a name."})


class CodePageForm(forms.Form):
    """The code page of the names of an archive."""

    part = forms.IntegerField(min_value=1, max_value=2**62, widget=forms.HiddenInput)
    code_page = forms.ChoiceField(choices=list(CODE_PAGES.items()), label="Code page of the names")
