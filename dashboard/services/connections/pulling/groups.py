"""Merge what is in groups: their regions, and their images where the images do not say so."""

from collections.abc import Iterable, Sequence

from dashboard import remote
from dashboard.models import Twin
from dashboard.queries.connections.twins import known_members, twins_there
from dashboard.remote import NotFound
from dashboard.services.connections.pulling.members import Scope, merge_group_members
from dashboard.services.connections.pulling.passing import Pull
from dashboard.services.library.members import IMAGES, REGIONS, MemberKind


def pull_group_members(pull: Pull, kind: MemberKind, groups: Sequence[remote.Group]) -> None:
    """Merge the images or the regions of groups."""
    twins = twins_there(pull.link, "group", [group.id for group in groups])
    with_some = known_members(twins.values(), kind.noun)
    for group in groups:
        twin = twins.get(group.id)
        count = group.images_count if kind is IMAGES else group.regions_count
        if twin is None or (count == 0 and twin.pk not in with_some):
            continue
        if count == 0:
            merge_members(pull, kind, twin, [])
            continue
        try:
            merge_members(pull, kind, twin, list(_ids_there(pull, kind, group.id)))
        except NotFound:  # deleted meanwhile
            continue
        pull.tick()


def merge_members(pull: Pull, kind: MemberKind, twin: Twin, remote_ids: Sequence[str]) -> None:
    """Merge the members of one kind of a group with all that it has there."""
    found = twins_there(pull.link, kind.noun, remote_ids)
    theirs = {(twin.local_id, member.local_id) for member in found.values()}
    scope = Scope("group", kind.noun, containers=[twin])
    merge_group_members(pull, kind, scope, theirs, {"group": {twin.local_id}})


def _ids_there(pull: Pull, kind: MemberKind, group_id: str) -> Iterable[str]:
    if kind is REGIONS:
        return (row.id for row in pull.server.iterate_regions(group=group_id))
    return (row.id for row in pull.server.iterate_images(group=group_id))
