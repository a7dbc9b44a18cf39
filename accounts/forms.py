"""What people type about keys and workspaces, as clean values. Nothing is saved here."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import Scope, User, Workspace
from accounts.queries import workspaces_of

NEVER = "never"
EXPIRY = [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), (NEVER, "Never")]


class WorkspaceForm(forms.Form):
    """One of the user's workspaces; any other is no choice, whether it exists or not."""

    workspace = forms.ModelChoiceField(queryset=Workspace.objects.none())

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = workspaces_of(user).order_by("name", "id")
        self.fields["workspace"].queryset = choices  # type: ignore[attr-defined]


class TokenForm(WorkspaceForm):
    """A key to be made."""

    name = forms.CharField(
        max_length=100, help_text="Where it is used, so that you know it again: “shop server”."
    )
    scope = forms.ChoiceField(choices=Scope.choices, initial=Scope.WRITE)
    expires = forms.ChoiceField(choices=EXPIRY, initial="90")
    workspace = forms.ModelChoiceField(
        queryset=Workspace.objects.none(),
        label="Default workspace",
        empty_label=None,
        help_text="Used where a call names none.",
    )

    def clean_expires(self) -> datetime | None:
        """Return the moment from which the key no longer works, or None."""
        days = self.cleaned_data["expires"]
        return None if days == NEVER else timezone.now() + timedelta(days=int(days))
