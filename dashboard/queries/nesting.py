"""Reading which groups are inside which."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from dashboard.models import Group, GroupNesting


def groups_inside(group: Group) -> QuerySet[Group]:
    """Return the groups directly inside a group."""
    rows = Group.objects.filter(workspace=group.workspace_id, parent_rows__parent=group)
    return rows.select_related("similarity_type")


def groups_around(group: Group) -> QuerySet[Group]:
    """Return the groups that a group is directly inside of."""
    rows = Group.objects.filter(workspace=group.workspace_id, child_rows__child=group)
    return rows.select_related("similarity_type")


def ids_below(groups: Iterable[UUID]) -> set[UUID]:
    """Return the ids of everything nested in the groups, at any depth: one query a level."""
    found: set[UUID] = set()
    layer = set(groups)
    while layer:
        rows = GroupNesting.objects.filter(parent__in=layer)
        layer = set(rows.values_list("child_id", flat=True)) - found
        found |= layer
    return found
