"""Combine the nestings of an archive with those that were made meanwhile."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from dashboard.models import GroupNesting
from dashboard.queries.library.nesting import ids_below

Nesting = tuple[UUID, UUID]  # parent, child


def without_cycles(wanted: Iterable[Nesting]) -> list[Nesting]:
    """Return the nestings that can be added, one after another, without making a cycle.

    An archive has no cycle of its own. Call it in a transaction that has locked the workspace.
    """
    wanted = list(wanted)
    children = {child for _, child in wanted}
    below: defaultdict[UUID, set[UUID]] = defaultdict(set)
    # Only what lies below the new children can lead back to a new parent.
    there = GroupNesting.objects.filter(parent__in=children | ids_below(children))
    for parent, child in there.values_list("parent_id", "child_id"):
        below[parent].add(child)
    made = []
    for parent, child in wanted:
        if not _leads_to(below, child, parent):
            below[parent].add(child)
            made.append((parent, child))
    return made


def _leads_to(below: Mapping[UUID, set[UUID]], start: UUID, end: UUID) -> bool:
    # Iterative: Python's recursion limit is lower than nestings may be deep.
    seen, left = {start}, [start]
    while left:
        if (one := left.pop()) == end:
            return True
        new = below.get(one, set()) - seen
        seen |= new
        left.extend(new)
    return False
