"""Let held changes be looked at again, once what they wait for may be there."""

from dashboard.models import ConnectionToken, Link, Outgoing
from dashboard.queries.connections.outbox import held_without_token


def release(link: Link) -> None:
    """Let all held changes of a link wait again: each is held again if it still has to be."""
    rows = Outgoing.objects.filter(link=link, state=Outgoing.State.HELD)
    rows.update(state=Outgoing.State.WAITING, problem="")


def release_for(token: ConnectionToken) -> None:
    """Let held changes wait again after a member entered a token."""
    held_without_token(token).update(state=Outgoing.State.WAITING, problem="")
