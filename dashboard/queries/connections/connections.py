"""Reading connections and the tokens of members there."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Membership, Workspace
from dashboard.models import Connection, ConnectionToken

MOST = 100  # connections of a workspace


def connections_in(workspace: Workspace) -> QuerySet[Connection]:
    """Return the workspace's connections by URL."""
    return Connection.objects.in_workspace(workspace).order_by("url")


def get_connection(workspace: Workspace, connection_id: UUID) -> Connection:
    """Return one of them; raises `Connection.DoesNotExist`."""
    return connections_in(workspace).get(pk=connection_id)


def own_tokens(membership: Membership) -> dict[UUID, ConnectionToken]:
    """Return the member's tokens by connection."""
    rows = ConnectionToken.objects.filter(membership=membership)
    return {row.connection_id: row for row in rows}


def find_own_token(connection: Connection, membership: Membership) -> ConnectionToken | None:
    """Return the member's token for a connection, or None."""
    return ConnectionToken.objects.filter(connection=connection, membership=membership).first()


def connected_members(workspace: Workspace) -> dict[UUID, list[str]]:
    """Return the names of the members who have a token, by connection, in order."""
    rows = ConnectionToken.objects.filter(connection__workspace=workspace)
    found: dict[UUID, list[str]] = {}
    for row in rows.select_related("membership__user").order_by("membership__user__email"):
        found.setdefault(row.connection_id, []).append(str(row.membership.user))
    return found
