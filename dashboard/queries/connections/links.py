"""Reading the link of a workspace, and what of a thing the other server has refused."""

from uuid import UUID

from accounts.models import Membership, Workspace
from dashboard.models import ConnectionToken, Link, Outgoing, Twin


def link_of(workspace: Workspace) -> Link | None:
    """Return the workspace's link with its connection, or None."""
    rows = Link.objects.in_workspace(workspace)
    return rows.select_related("connection", "workspace", "keeper__user").first()


def get_link(workspace: Workspace) -> Link:
    """Return the workspace's link; raises `Link.DoesNotExist`."""
    found = link_of(workspace)
    if found is None:
        raise Link.DoesNotExist("This workspace mirrors no other one.")
    return found


def working_token(link: Link, membership: Membership) -> ConnectionToken | None:
    """Return the member's token for the link's server, unless the server has refused it."""
    rows = ConnectionToken.objects.filter(connection=link.connection_id, membership=membership)
    return rows.filter(problem="").first()


def tokens_to_link(membership: Membership) -> list[ConnectionToken]:
    """Return the member's working tokens with their connections, by URL."""
    rows = ConnectionToken.objects.filter(membership=membership, problem="")
    return list(rows.select_related("connection").order_by("connection__url"))


def unsent_of(link: Link, thing_id: UUID) -> list[Outgoing]:
    """Return the changes of one thing that were refused or are held, oldest first."""
    rows = Outgoing.objects.filter(link=link, change__target_id=thing_id)
    rows = rows.exclude(state=Outgoing.State.WAITING).select_related("change__actor")
    rows = rows.defer("change__before", "change__after", "change__members")
    return list(rows.order_by("pk")[:20])


def problem_of(link: Link, noun: str, thing_id: UUID) -> str:
    """Return what the other server says against a thing; empty if nothing."""
    rows = Twin.objects.filter(link=link, noun=noun, local_id=thing_id)
    return rows.values_list("problem", flat=True).first() or ""
