"""Read one thing on the other server again when somebody opens its page."""

from typing import Final
from uuid import UUID

from accounts.models import Membership
from dashboard.models import Group, Link, Twin
from dashboard.queries.connections.twins import find_twin, unfinished_pull
from dashboard.remote import Limits, RemoteError, Server, Unauthorized
from dashboard.services.connections.links import request_pull, server_of, token_refused
from dashboard.services.connections.pulling.pull import pull_thing
from dashboard.services.errors import Refused

# A person looks at the page meanwhile, and a thread of the web server waits.
AT_ONCE: Final = Limits(
    connect_seconds=3, read_seconds=10, answer_seconds=15, answer_bytes=16 << 20, retries=0
)
MIRRORED: Final = ("group", "image", "task")
MOST_NEW: Final = 20  # images, each a download of some 100 KB


def look_again(*, link: Link, noun: str, thing_id: UUID, membership: Membership) -> bool:
    """Pull one thing as the member; return whether it has changed here.

    At most every 30 seconds a thing. A server that does not answer, and a member without a token,
    change nothing: the hourly pull will read it. So will a pull that runs, and one that is queued
    here for a group with many new images.
    """
    before = find_twin(link, noun, thing_id) if noun in MIRRORED else None
    if before is None or unfinished_pull(link) is not None:
        return False
    try:
        with server_of(link, membership, AT_ONCE) as server:
            if noun == "group" and _has_many_new(server, before):
                request_pull(link=link, actor=membership.user)
                return False
            if not pull_thing(link, noun, thing_id, server):
                return False
    except Unauthorized:
        token_refused(link=link, membership=membership)
        return False
    except (Refused, RemoteError):
        return False
    after = find_twin(link, noun, thing_id)
    return after is None or after.base != before.base


def _has_many_new(server: Server, twin: Twin) -> bool:
    """Return whether a group has gained more images there than a request should download."""
    there = server.group_members(twin.remote_id).group.images_count or 0
    here = Group.objects.filter(pk=twin.local_id).values_list("images_count", flat=True).first()
    return there - (here or 0) > MOST_NEW
