"""Acts on connections: what is there before, then the act."""

from collections.abc import Callable

from accounts.models import Membership
from dashboard.models import ConnectionToken
from dashboard.services.connections import connections
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


ACTS: dict[str, Callable[[Cast], Act]] = {
    "connections.connections.add_connection": add_connection,
    "connections.connections.delete_token": delete_token,
    "connections.connections.remove_connection": remove_connection,
}
