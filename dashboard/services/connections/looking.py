"""Read one thing on the other server again when somebody opens its page."""

from typing import Final
from uuid import UUID

from accounts.models import Membership
from dashboard.models import Link
from dashboard.queries.connections.twins import find_twin
from dashboard.remote import Limits, RemoteError, Unauthorized
from dashboard.services.connections.links import server_of, token_refused
from dashboard.services.connections.pulling.pull import pull_thing
from dashboard.services.errors import Refused

# A person looks at the page meanwhile, and a thread of the web server waits.
AT_ONCE: Final = Limits(
    connect_seconds=3, read_seconds=10, answer_seconds=15, answer_bytes=16 << 20, retries=0
)
MIRRORED: Final = ("group", "image", "task")


def look_again(*, link: Link, noun: str, thing_id: UUID, membership: Membership) -> bool:
    """Pull one thing as the member; return whether it has changed here.

    At most every 30 seconds a thing. A server that does not answer, and a member without a token,
    change nothing: the hourly pull will read it.
    """
    before = find_twin(link, noun, thing_id) if noun in MIRRORED else None
    if before is None:
        return False
    try:
        with server_of(link, membership, AT_ONCE) as server:
            if not pull_thing(link, noun, thing_id, server):
                return False
    except Unauthorized:
        token_refused(link=link, membership=membership)
        return False
    except (Refused, RemoteError):
        return False
    after = find_twin(link, noun, thing_id)
    return after is None or after.base != before.base
