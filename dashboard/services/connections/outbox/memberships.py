"""Send memberships that differ from what both sides had, by the client's batches.

Adding a member that is there, and removing one that is not, changes nothing over there: the sets
need not be read, and each call can be repeated.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from dashboard.models import GroupImage, GroupNesting, GroupRegion, TaskType, Twin, TwinMember
from dashboard.queries.connections.twins import twins_here
from dashboard.remote import Server
from dashboard.remote.limits import MEMBERS
from dashboard.services.connections.outbox.cells import Members
from dashboard.services.connections.outbox.creating import parent
from dashboard.services.connections.outbox.errors import Waits
from dashboard.services.connections.outbox.session import WORDS, Session
from dashboard.services.connections.pulling.passing import portions

AT_ONCE: Final = 500
Call = Callable[[Server, str, list[str]], object]


@dataclass(frozen=True)
class Kind:
    """A kind of membership: its table and columns here, its calls there."""

    rows: Any
    container: str
    member: str
    add: Call
    remove: Call


def _add_types(server: Server, task_id: str, ids: list[str]) -> None:
    for one in ids:
        server.add_type(task_id, one)


def _remove_types(server: Server, task_id: str, ids: list[str]) -> None:
    for one in ids:
        server.remove_type(task_id, one)


KINDS: Final[Mapping[tuple[str, str], Kind]] = {
    ("group", "image"): Kind(
        GroupImage, "group_id", "image_id", Server.add_images, Server.remove_images
    ),
    ("group", "object"): Kind(
        GroupRegion, "group_id", "region_id", Server.add_regions, Server.remove_regions
    ),
    ("group", "group"): Kind(
        GroupNesting, "parent_id", "child_id", Server.add_groups, Server.remove_groups
    ),
    ("task", "type"): Kind(TaskType, "task_id", "similarity_type_id", _add_types, _remove_types),
}


def remove_members(session: Session, cell: Members) -> None:
    """Remove there what was removed here. It comes before what is added: types are exclusive."""
    container = session.twin(cell.noun, cell.container)
    if container is None:
        return
    for some in portions(_both_had(container, cell) - _have(cell), MEMBERS):
        twins = list(twins_here(session.link, cell.member, some).values())
        if not twins:
            continue
        kind = KINDS[cell.noun, cell.member]
        kind.remove(session.server, container.remote_id, [twin.remote_id for twin in twins])
        with session.writing():
            TwinMember.objects.filter(container=container, member__in=twins).delete()


def add_members(session: Session, cell: Members) -> None:
    """Add there what was added here. Raises `Waits` for members that the other server lacks."""
    ours = _have(cell)
    if not ours:
        return
    parent(session, cell.noun, cell.container)
    container = session.twin(cell.noun, cell.container)
    if container is None:
        raise Waits(f"It waits for a {cell.noun} that is not on the other server.")
    missing = False
    for some in portions(ours - _both_had(container, cell), MEMBERS):
        twins = list(twins_here(session.link, cell.member, some).values())
        missing = missing or len(twins) < len(some)
        if twins:
            _add(session, cell, container, twins)
    if missing:
        word = WORDS.get(cell.member, cell.member)
        raise Waits(f"It waits for a {word} that is not on the other server.")


def _add(session: Session, cell: Members, container: Twin, twins: list[Twin]) -> None:
    kind = KINDS[cell.noun, cell.member]
    kind.add(session.server, container.remote_id, [twin.remote_id for twin in twins])
    with session.writing():
        TwinMember.objects.bulk_create(
            [TwinMember(container=container, member=twin) for twin in twins],
            batch_size=AT_ONCE,
            ignore_conflicts=True,
        )


def _both_had(container: Twin, cell: Members) -> set[UUID]:
    rows = TwinMember.objects.filter(container=container, member__noun=cell.member)
    if cell.ids is not None:
        rows = rows.filter(member__local_id__in=cell.ids)
    return set(rows.values_list("member__local_id", flat=True))


def _have(cell: Members) -> set[UUID]:
    kind = KINDS[cell.noun, cell.member]
    rows = kind.rows.objects.filter(**{kind.container: cell.container})
    if cell.ids is not None:
        rows = rows.filter(**{f"{kind.member}__in": cell.ids})
    return set(rows.values_list(kind.member, flat=True))
