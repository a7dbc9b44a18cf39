"""Which workspace of another server a workspace mirrors."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms

from dashboard.models import Connection, ConnectionToken

SEPARATOR = " "  # of the connection's id and the workspace's: neither has a space


class LinkForm(forms.Form):
    """A choice among the workspaces that the member's tokens list."""

    workspace = forms.ChoiceField(label="Workspace on the other server")

    def __init__(self, *args: Any, tokens: Sequence[ConnectionToken], **options: Any) -> None:
        super().__init__(*args, **options)
        self._connections = {str(token.connection.pk): token.connection for token in tokens}
        cast("forms.ChoiceField", self.fields["workspace"]).choices = [
            (
                f"{token.connection.pk}{SEPARATOR}{one['id']}",
                f"{one['name']} on {token.connection}",
            )
            for token in tokens
            for one in token.workspaces
        ]

    def chosen(self) -> tuple[Connection, str]:
        """Return the connection and the id of the workspace there."""
        connection, _, remote_id = self.cleaned_data["workspace"].partition(SEPARATOR)
        return self._connections[connection], remote_id
