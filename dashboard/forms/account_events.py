"""Define the filter of the account events."""

from django import forms

from accounts.models import AccountEvent


class AccountEventFilter(forms.Form):
    """The filter in the URL of the list."""

    person = forms.CharField(
        required=False,
        max_length=254,
        label="Email address",
        widget=forms.TextInput({"placeholder": "Email address", "autocomplete": "off"}),
    )
    verb = forms.ChoiceField(
        choices=[("", "All events"), *AccountEvent.Verb.choices], required=False, label="Event"
    )
