"""Let nobody change what is mirrored without a token of their own for the other server.

A change would be accepted here, and could then be sent by nobody. `accounts.access` asks for each
action; a workspace that mirrors nothing costs no query.
"""

from typing import Final

from django.urls import reverse

from accounts.access import StepNeeded, add_gate
from accounts.models import Membership
from dashboard.queries.connections.links import link_of, working_token

# Actions whose changes go to the other server; `test_gate.py` sorts every action.
SENT: Final = frozenset(
    {
        "images.add",
        "images.change",
        "images.delete",
        "types.add",
        "types.change",
        "types.delete",
        "groups.add",
        "groups.change",
        "groups.delete",
        "objects.change",
        "tasks.add",
        "tasks.change",
        "tasks.delete",
    }
)


def register() -> None:
    """Have `accounts.access` ask here."""
    add_gate(refuse_without_token)


def refuse_without_token(membership: Membership, action: str) -> None:
    """Raise `StepNeeded` if the action is sent to another server, and the member has no token."""
    if not membership.workspace.mirrors or action not in SENT:
        return
    link = link_of(membership.workspace)
    if link is None or working_token(link, membership) is not None:
        return
    raise StepNeeded(
        f"This workspace mirrors {link}. To change it, connect with an API token of your own "
        "account there.",
        reverse("connection-token", args=[link.connection_id]),
    )
