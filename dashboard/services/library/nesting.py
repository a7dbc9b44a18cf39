"""Add groups to groups and remove them."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from accounts.journal import record
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.models import Group, GroupNesting
from dashboard.queries.library.groups import groups_in
from dashboard.queries.library.nesting import ids_below
from dashboard.services.errors import GroupHoldsImages, NestingWouldCycle
from dashboard.services.row_locks import lock_all, select_by_ids


@transaction.atomic
def add_groups(*, group: Group, ids: Iterable[UUID], actor: User) -> tuple[int, int]:
    """Add groups to a group; return how many were added and how many were already in it.

    Raises `UnknownIds`, `TooManyIds`, `GroupHoldsImages` and `NestingWouldCycle`; then nothing is
    changed. Nestings of a workspace are made one after another, so two calls cannot make a cycle.
    """
    children, group = _hold(group, ids)
    if group.images_count or group.regions_count:
        raise GroupHoldsImages(group)
    _refuse_cycle(group, children)
    there = set(GroupNesting.objects.filter(parent=group).values_list("child_id", flat=True))
    rows = [GroupNesting(parent=group, child=child) for child in children if child.pk not in there]
    GroupNesting.objects.bulk_create(rows, batch_size=500)
    _recount(group, Verb.ADDED_GROUPS, [row.child_id for row in rows], actor)
    return len(rows), len(children) - len(rows)


@transaction.atomic
def remove_groups(*, group: Group, ids: Iterable[UUID], actor: User) -> tuple[int, int]:
    """Remove groups from a group; return how many were in it and how many were not.

    Raises `UnknownIds` and `TooManyIds`; then nothing is changed. The groups themselves are kept.
    """
    children, group = _hold(group, ids)
    rows = GroupNesting.objects.filter(parent=group, child__in=children)
    removed = list(rows.values_list("child_id", flat=True))
    rows.delete()
    _recount(group, Verb.REMOVED_GROUPS, removed, actor)
    return len(removed), len(children) - len(removed)


def _hold(group: Group, ids: Iterable[UUID]) -> tuple[list[Group], Group]:
    """Return the groups with these ids, and the parent group as it is now, locked."""
    # Two nestings that are both valid may make a cycle together, so they take turns.
    lock_all(Workspace.objects.filter(pk=group.workspace_id))
    children = select_by_ids(groups_in(group.workspace), ids, "group")
    rows = groups_in(group.workspace).select_for_update(of=("self",), no_key=True)
    return children, rows.get(pk=group.pk)


def _refuse_cycle(group: Group, children: list[Group]) -> None:
    below = ids_below([child.pk for child in children])
    for child in children:
        if child.pk == group.pk:
            raise NestingWouldCycle(group, child)
    if group.pk in below:
        guilty = next(child for child in children if group.pk in ids_below([child.pk]))
        raise NestingWouldCycle(group, guilty)


def _recount(group: Group, verb: Verb, members: list[UUID], actor: User) -> None:
    if not members:
        return
    Group.objects.filter(pk=group.pk).update(
        # Counted, not added: a wrong number is corrected, and the workspace's lock keeps others
        # out.
        groups_count=GroupNesting.objects.filter(parent=group).count()
    )
    record(
        workspace=group.workspace,
        verb=verb,
        noun="group",
        target_id=group.id,
        target_name=group.name,
        count=len(members),
        members=members,
        actor=actor,
    )
