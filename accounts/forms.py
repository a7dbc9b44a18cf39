"""Define the forms of API tokens, workspaces and teams. They save nothing."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils import timezone

from accounts.models import Role, Scope, User, Workspace
from accounts.queries import workspaces_of
from accounts.team import GIVEN_ROLES

NEVER = "never"
ROLES = [(role.value, role.label) for role in GIVEN_ROLES]
EXPIRY = [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), (NEVER, "Never")]


class WorkspaceForm(forms.Form):
    """One of the user's workspaces; others are not valid, whether they exist or not."""

    workspace = forms.ModelChoiceField(queryset=Workspace.objects.none())

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = workspaces_of(user).order_by("name", "id")
        self.fields["workspace"].queryset = choices  # type: ignore[attr-defined]


class TokenForm(WorkspaceForm):
    """An API token to create."""

    name = forms.CharField(max_length=100, help_text="Where it is used, such as “shop server”.")
    scope = forms.ChoiceField(choices=Scope.choices, initial=Scope.WRITE)
    expires = forms.ChoiceField(choices=EXPIRY, initial="90")
    workspace = forms.ModelChoiceField(
        queryset=Workspace.objects.none(),
        label="Default workspace",
        empty_label=None,
        help_text="Used where a call does not name a workspace.",
    )

    def clean_expires(self) -> datetime | None:
        """Return the moment from which the token no longer works, or None."""
        days = self.cleaned_data["expires"]
        return None if days == NEVER else timezone.now() + timedelta(days=int(days))


class RoleForm(forms.Form):
    """The new role of a member."""

    role = forms.ChoiceField(choices=ROLES)


class InvitationForm(forms.Form):
    """The email address and role of an invitation."""

    email = forms.EmailField(
        label="Email", max_length=254, widget=forms.EmailInput({"autocomplete": "off"})
    )
    role = forms.ChoiceField(choices=ROLES, initial=Role.EDITOR)
    anyone = forms.BooleanField(
        required=False,
        label="Anyone with the link can accept",
        help_text="Otherwise only the account with this email address can.",
    )


class JoinForm(forms.Form):
    """The account of an invited person; the email address is fixed by the invitation."""

    name = forms.CharField(
        label="Your name",
        max_length=150,
        help_text="Your team sees it next to what you do.",
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    password = forms.CharField(
        strip=False, max_length=128, widget=forms.PasswordInput({"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, email: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.email = email

    def clean(self) -> dict[str, Any]:
        """Refuse a weak password beside its field; name and email address are weak ones."""
        values = self.cleaned_data
        if "password" in values:
            person = User(email=self.email, name=values.get("name", ""))
            try:
                validate_password(values["password"], person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return values
