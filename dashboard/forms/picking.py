"""Define which images and groups are offered to a group, and the selected ones."""

from django import forms

from dashboard.forms.finding import NameSearch
from dashboard.forms.selection import IdsField, TickedForm
from dashboard.queries.library.picking import Wanted


class PickFilter(NameSearch):
    """The filter in the URL of the picker of images."""

    ungrouped = forms.BooleanField(required=False)
    test = forms.BooleanField(required=False)

    def wanted(self) -> Wanted:
        """Return the filter."""
        return Wanted(**self.cleaned_data)


class TickedGroupsForm(TickedForm):
    """The selected groups."""

    ids = IdsField("group")


class AskedGroupsForm(TickedGroupsForm):
    """The selected groups, and whether the person has confirmed."""

    asked = forms.BooleanField(required=False)
