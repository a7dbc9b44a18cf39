"""Read which groups are nested in which."""

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, UUIDField

from dashboard.models import Group, GroupImage, GroupNesting
from dashboard.queries.library.groups import covers

# How many levels below a group are searched for its covers.
LEVELS = 3


def groups_inside(group: Group) -> QuerySet[Group]:
    """Return the groups directly inside a group."""
    rows = Group.objects.filter(workspace=group.workspace_id, parent_rows__parent=group)
    return rows.select_related("similarity_type")


def groups_around(group: Group) -> QuerySet[Group]:
    """Return the groups that directly contain a group."""
    rows = Group.objects.filter(workspace=group.workspace_id, child_rows__child=group)
    return rows.select_related("similarity_type")


def ids_below(groups: Iterable[UUID]) -> set[UUID]:
    """Return the ids of all groups nested in the groups, at any depth, with one query per level."""
    found: set[UUID] = set()
    layer = set(groups)
    while layer:
        rows = GroupNesting.objects.filter(parent__in=layer)
        # Without those already found: a group in two parents is visited once, and a cycle ends.
        layer = set(rows.values_list("child_id", flat=True)) - found
        found |= layer
    return found


def covers_of_all(groups: Sequence[Group], each: int) -> dict[UUID, list[GroupImage]]:
    """Return up to `each` newest images of every group, or of its subgroups, up to `LEVELS` down.

    Two queries for the images and two per level, whatever the number of groups.
    """
    leaves = _leaves(groups, each)
    found = covers(chain.from_iterable(leaves.values()), each)
    return {
        group.pk: _in_turn([found[leaf.pk] for leaf in leaves[group.pk]])[:each] for group in groups
    }


def _leaves(groups: Sequence[Group], each: int) -> dict[UUID, list[Group]]:
    """Return for every group itself, or its subgroups in place of one that contains groups."""
    leaves = {group.pk: [group] for group in groups}
    # Bounded, because every page of a list does this; deeper groups show no covers.
    for _ in range(LEVELS):
        holders = {one.pk for row in leaves.values() for one in row if one.groups_count}
        if not holders:
            break
        inside = _newest_inside(holders, each)
        leaves = {
            pk: list(chain.from_iterable(inside.get(one.pk, [one]) for one in row))[:each]
            for pk, row in leaves.items()
        }
    return leaves


def _newest_inside(holders: set[UUID], each: int) -> dict[UUID, list[Group]]:
    """Return up to `each` most recently added subgroups of every group, one index lookup each."""
    rows = GroupNesting.objects.filter(parent=OuterRef("pk")).order_by("-pk").values("child")
    places = {f"inside_{at}": Subquery(rows[at : at + 1], UUIDField()) for at in range(each)}
    ids = Group.objects.filter(pk__in=holders).annotate(**places).values_list("pk", *places)
    chosen = {pk: [child for child in children if child] for pk, *children in ids}
    found = Group.objects.in_bulk(set(chain.from_iterable(chosen.values())))
    return {pk: [found[child] for child in children] for pk, children in chosen.items()}


def _in_turn(rows: list[list[GroupImage]]) -> list[GroupImage]:
    """Return the first of every row, then the second of every row and so on, no image twice."""
    taken = [one for column in zip_longest(*rows) for one in column if one is not None]
    return list({one.image_id: one for one in taken}.values())
