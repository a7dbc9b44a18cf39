"""Which images and groups are offered to a group, and which of them were ticked."""

from django import forms

from dashboard.forms.finding import NameSearch
from dashboard.forms.selection import IdsField, TickedForm
from dashboard.queries.library.picking import Wanted


class PickFilter(NameSearch):
    """The filter in the address of the picker of images."""

    ungrouped = forms.BooleanField(required=False)
    test = forms.BooleanField(required=False)

    def wanted(self) -> Wanted:
        """Return the filter."""
        return Wanted(**self.cleaned_data)


class TickedGroupsForm(TickedForm):
    """The ticked groups."""

    ids = IdsField("group")


class AskedGroupsForm(TickedGroupsForm):
    """The ticked groups, and whether the person was asked about them."""

    asked = forms.BooleanField(required=False)
