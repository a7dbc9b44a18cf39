"""What a person searches a list for."""

from django import forms


class NameSearch(forms.Form):
    """A part of a name, in the address of a list."""

    search = forms.CharField(required=False, max_length=255)
