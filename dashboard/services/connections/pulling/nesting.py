"""Merge which groups are in which."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from accounts.models import Workspace
from dashboard import remote
from dashboard.models import Group, GroupNesting, Twin
from dashboard.queries.connections.twins import known_members, twins_there
from dashboard.queries.library.nesting import ids_below
from dashboard.remote import NotFound, Server
from dashboard.services.connections.merging import merge_members
from dashboard.services.connections.pulling.members import Pair, Scope, is_settled, keep_base
from dashboard.services.connections.pulling.passing import Pull
from dashboard.services.row_locks import lock_all

SHOWN: Final = 1000  # members of each kind that a group shows by itself


def pull_nesting(pull: Pull, groups: Sequence[remote.Group]) -> list[remote.Group]:
    """Merge the subgroups of groups; return those that hold images here until these are merged."""
    twins = twins_there(pull.link, "group", [group.id for group in groups])
    with_some = known_members(twins.values(), "group")
    waiting = []
    for group in groups:
        twin = twins.get(group.id)
        if twin is None or (group.groups_count == 0 and twin.pk not in with_some):
            continue
        children = [] if group.groups_count == 0 else list(_children(pull.server, group.id))
        if not _merge(pull, twin, children):
            waiting.append(group)
        pull.tick()
    return waiting


def _children(server: Server, group_id: str) -> Iterable[str]:
    """Yield the ids of all subgroups; none if the group was deleted meanwhile."""
    try:
        shown = server.group_members(group_id).groups
    except NotFound:
        return []
    # Servers that do not know the filter of the list ignore it, so it is asked only if needed.
    if len(shown) < SHOWN:
        return [child.id for child in shown]
    return [child.id for child in server.iterate_groups(parent=group_id)]


def _merge(pull: Pull, twin: Twin, children: Iterable[str]) -> bool:
    """Merge the subgroups of one group; return False if it holds images here."""
    found = twins_there(pull.link, "group", children)
    theirs = {(twin.local_id, child.local_id) for child in found.values()}
    scope = Scope("group", "group", containers=[twin])
    if is_settled(scope, theirs, _here(twin.local_id)):
        return True
    with pull.writing(step="Reading subgroups"):
        # Nestings of a workspace are made one after another, so two cannot make a cycle.
        lock_all(Workspace.objects.filter(pk=pull.workspace.pk))
        parent = next(iter(lock_all(Group.objects.filter(pk=twin.local_id))), None)
        if parent is None:
            return True
        merged = merge_members(set(scope.base()), _here(parent.pk), theirs)
        rows = GroupNesting.objects.filter(parent=parent)
        rows.filter(child__in={child for _, child in merged.remove_here}).delete()
        holds_images = bool(parent.images_count or parent.regions_count)
        if not holds_images:
            _add(pull, parent, {child for _, child in merged.add_here})
        Group.objects.filter(pk=parent.pk).update(
            groups_count=GroupNesting.objects.filter(parent=parent).count()
        )
        keep_base(pull, scope, theirs, _here(parent.pk))
    return not (holds_images and merged.add_here)


def _here(parent: UUID) -> set[Pair]:
    rows = GroupNesting.objects.filter(parent=parent)
    return {(parent, child) for child in rows.values_list("child_id", flat=True)}


def _add(pull: Pull, parent: Group, wanted: set[UUID]) -> None:
    there: Mapping[UUID, Any] = Group.objects.in_workspace(pull.workspace).in_bulk(wanted)
    fits = []
    for child in there.values():
        if child.pk == parent.pk or parent.pk in ids_below([child.pk]):
            pull.fail("memberships", f"“{child}” contains “{parent}” here.")
        else:
            fits.append(GroupNesting(parent=parent, child=child))
    GroupNesting.objects.bulk_create(fits, batch_size=500)
    pull.counts["memberships"] += len(fits)
