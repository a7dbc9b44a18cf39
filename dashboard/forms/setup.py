"""Define the form of the set-up page."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from accounts.models import User


class SetupForm(forms.Form):
    """The first account and the first workspace."""

    email = forms.EmailField(
        label="Email", max_length=254, widget=forms.EmailInput({"autocomplete": "username"})
    )
    password = forms.CharField(
        strip=False, max_length=128, widget=forms.PasswordInput({"autocomplete": "new-password"})
    )
    name = forms.CharField(
        label="Workspace name", max_length=150, help_text="Your team, your shop: you can change it."
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a weak password beside its field; the email address is one, too."""
        values = self.cleaned_data
        if "password" in values:
            try:
                validate_password(values["password"], User(email=values.get("email", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return values
