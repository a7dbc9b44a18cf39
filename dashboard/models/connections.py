"""Connections: other servers of the same API, and the token of each member there."""

from django.db import models
from django.utils import timezone

from accounts.models import Membership, User
from dashboard.models.base import ScopedManager, ScopedModel


class Connection(ScopedModel):
    """A server that speaks the same API: the hosted service, or another Likewise."""

    url = models.CharField(max_length=500, help_text="Below which the API lies, without a slash.")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    objects = ScopedManager["Connection"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "url"], name="connection_once")]

    def __str__(self) -> str:
        return self.url.partition("://")[2]


class ConnectionToken(models.Model):
    """A member's API token for a connection, and what the server said about it when last checked.

    It belongs to the membership, so that it is deleted when the member leaves the workspace.
    """

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="tokens")
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="+")
    secret = models.TextField(editable=False, help_text="The token, encrypted.")
    account_name = models.CharField(max_length=255, blank=True)
    account_email = models.CharField(max_length=255, blank=True)
    # What the server lists: [{"id", "name", "role"}], the role empty if it does not say.
    workspaces = models.JSONField(default=list)
    scope = models.CharField(max_length=20, blank=True, help_text="Empty: the server did not say.")
    checked = models.DateTimeField(default=timezone.now)
    problem = models.CharField(
        max_length=500, blank=True, help_text="Why the token did not work when last used."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "membership"], name="connection_token_once"
            )
        ]

    def __str__(self) -> str:
        return f"token for {self.connection_id}"
