"""Define the forms of your own account. Every change of sign-in data asks for the password."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django import forms
from django.contrib.auth.password_validation import validate_password

from accounts.http import WorkspaceRequest


class NameForm(forms.Form):
    """The name that pages show."""

    name = forms.CharField(
        label="Your name",
        max_length=150,
        required=False,
        help_text="Your team sees it next to what you do.",
        widget=forms.TextInput({"autocomplete": "name"}),
    )


class ConfirmedForm(forms.Form):
    """A form that asks for the password, so that an unattended screen is not enough."""

    current = forms.CharField(
        label="Your current password",
        strip=False,
        max_length=128,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, request: WorkspaceRequest, **options: Any) -> None:
        super().__init__(*args, **options)
        self.request = request

    def clean_current(self) -> str:
        """Refuse a wrong password; attempts count together with those of the sign-in page."""
        password: str = self.cleaned_data["current"]
        adapter = get_adapter(self.request)
        # By the adapter, not `check_password`: it counts failures, so a stolen session cannot be
        # used to guess.
        found = adapter.authenticate(self.request, email=self.request.user.email, password=password)
        if found is None or found.pk != self.request.user.pk:
            raise forms.ValidationError("This is not your current password.")
        return password


class EmailForm(ConfirmedForm):
    """A new email address to sign in with."""

    email = forms.EmailField(
        label="New email address",
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    field_order = ("email", "current")

    def clean_email(self) -> str:
        """Refuse the current email address, without revealing whose another one is."""
        email: str = self.cleaned_data["email"].lower()
        if email == self.request.user.email:
            raise forms.ValidationError("This is already your email address.")
        return email

    def clean(self) -> dict[str, Any]:
        """Limit the emails per hour."""
        # Only for an otherwise valid form: a typing error must not use up the limit.
        if not self.errors and not ratelimit.consume(
            self.request, action="change_email", user=self.request.user
        ):
            raise forms.ValidationError("You have requested too many links. Try again in an hour.")
        return self.cleaned_data


class PasswordForm(ConfirmedForm):
    """A new password to sign in with, and whether API tokens are revoked."""

    password = forms.CharField(
        label="New password",
        strip=False,
        max_length=128,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="Confirm new password",
        strip=False,
        max_length=128,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    revoke = forms.BooleanField(required=False)
    field_order = ("current", "password", "again", "revoke")

    def __init__(self, *args: Any, tokens: int, **options: Any) -> None:
        super().__init__(*args, **options)
        if tokens:
            self.fields["revoke"].label = f"Also revoke my API tokens ({tokens:,})"
        else:
            del self.fields["revoke"]

    def clean_password(self) -> str:
        """Refuse a weak password beside its field."""
        password: str = self.cleaned_data["password"]
        validate_password(password, self.request.user)
        return password

    def clean_again(self) -> str:
        """Refuse a confirmation that differs."""
        again: str = self.cleaned_data["again"]
        if self.cleaned_data.get("password", again) != again:
            raise forms.ValidationError("The two passwords do not match.")
        return again


class SecondFactorForm(ConfirmedForm):
    """The first code of the app, with the secret that the page has shown."""

    sealed = forms.CharField(max_length=500, widget=forms.HiddenInput)
    code = forms.CharField(
        label="Code from the app",
        max_length=32,
        widget=forms.TextInput({"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    field_order = ("sealed", "code", "current")


class RequireForm(forms.Form):
    """Whether admins and owners need a second factor."""

    required = forms.BooleanField(
        label="Require a second factor of admins and owners", required=False
    )
