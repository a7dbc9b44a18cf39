"""Acts on connections: what is there before, then the act."""

from collections.abc import Callable

from accounts.ciphers import encrypt
from accounts.models import Membership
from dashboard.models import Connection, ConnectionToken, Link
from dashboard.services.connections import connections, links
from tests.factories import Cast, make_connection

Act = Callable[[], object]


def add_connection(cast: Cast) -> Act:
    return lambda: connections.add_connection(
        workspace=cast.workspace, url="https://api.example.org", actor=cast.alice
    )


def remove_connection(cast: Cast) -> Act:
    made = make_connection(cast.workspace)
    return lambda: connections.remove_connection(connection=made, actor=cast.alice)


def delete_token(cast: Cast) -> Act:
    made = make_connection(cast.workspace)
    member = Membership.objects.get(user=cast.bob)
    ConnectionToken.objects.create(connection=made, membership=member, secret="encrypted")
    return lambda: connections.delete_token(connection=made, membership=member, actor=cast.bob)


def _linkable(cast: Cast) -> Connection:
    made = make_connection(cast.workspace)
    ConnectionToken.objects.create(
        connection=made,
        membership=Membership.objects.get(workspace=cast.workspace, user=cast.alice),
        secret=encrypt("a-token-of-alice", connections.PURPOSE),
        workspaces=[{"id": "ws-7", "name": "Shop", "role": "editor"}],
    )
    return made


def _link(cast: Cast) -> Link:
    return links.link_workspace(
        connection=_linkable(cast), remote_workspace="ws-7", actor=cast.alice
    )


def link_workspace(cast: Cast) -> Act:
    made = _linkable(cast)
    return lambda: links.link_workspace(connection=made, remote_workspace="ws-7", actor=cast.alice)


def choose_keeper(cast: Cast) -> Act:
    link = _link(cast)
    member = Membership.objects.get(workspace=cast.workspace, user=cast.alice)
    return lambda: links.choose_keeper(link=link, membership=member, actor=cast.alice)


def unlink(cast: Cast) -> Act:
    link = _link(cast)
    return lambda: links.unlink(link=link, actor=cast.alice)


ACTS: dict[str, Callable[[Cast], Act]] = {
    "connections.connections.add_connection": add_connection,
    "connections.connections.delete_token": delete_token,
    "connections.connections.remove_connection": remove_connection,
    "connections.links.choose_keeper": choose_keeper,
    "connections.links.link_workspace": link_workspace,
    "connections.links.unlink": unlink,
}
