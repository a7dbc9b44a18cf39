"""Define the form that renames a thing."""

from django import forms


class NameForm(forms.Form):
    """The only field of a title that is being renamed."""

    name = forms.CharField(
        max_length=255, error_messages={"required": "Enter a name, or press Escape."}
    )
