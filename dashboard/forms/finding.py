"""Define the search of a list."""

from django import forms


class NameSearch(forms.Form):
    """A part of a name, in the URL of a list."""

    search = forms.CharField(required=False, max_length=255)
