"""Add images and regions to groups and remove them, with the same code for both."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Count, F, Q, UUIDField, Value

from dashboard.models import Group, GroupImage, GroupRegion, Image, Region, SimilarityType
from dashboard.models.bulk import insert_missing
from dashboard.services.errors import AlreadyInExclusiveType, GroupHoldsGroups
from dashboard.services.journal.payloads import Links, links
from dashboard.services.row_locks import lock_all

# The number of parameters of a statement is limited.
ROWS_PER_INSERT = 500

Member = Image | Region


@dataclass(frozen=True)
class MemberKind:
    """A kind of member: the table of its memberships, its column there, the group's counter."""

    rows: Any
    members: Any
    member: str
    counter: str
    noun: str

    def ids(self, rows: Any) -> set[tuple[UUID, UUID]]:
        """Return (group, member) of each membership."""
        return set(rows.values_list("group_id", f"{self.member}_id"))


IMAGES = MemberKind(GroupImage, Image, "image", "images_count", "image")
REGIONS = MemberKind(GroupRegion, Region, "region", "regions_count", "object")


class Taken(Enum):
    """What to do with members that are in another group of an exclusive type."""

    REFUSE = "refuse"
    MOVE = "move"
    LEAVE = "leave"


@dataclass
class Placed:
    """The result of adding members to groups; `elsewhere` maps a refused member to its group.

    `pairs` are the memberships that `place` created, as (group, member). `moved` of the added ones
    left another group for this one, `left` were skipped because they are in another. Of `put`,
    `ids` are the added ones and `origins` maps the groups to the members that left them.
    """

    added: int = 0
    already: int = 0
    moved: int = 0
    left: int = 0
    elsewhere: dict[UUID, Group] = field(default_factory=dict)
    pairs: set[tuple[UUID, UUID]] = field(default_factory=set)
    ids: list[UUID] = field(default_factory=list)
    origins: Links = field(default_factory=dict)


def place(kind: MemberKind, pairs: Sequence[tuple[Group, Any]]) -> Placed:
    """Add each member to its group, all groups of one type.

    Call it in a transaction that has locked the members. A member of another group of an exclusive
    type stays there and is reported. Raises `GroupHoldsGroups` and `Group.DoesNotExist`.
    """
    if not pairs:
        return Placed()
    wanted = {(group.pk, member.pk): member for group, member in pairs}
    groups = _held({group_id for group_id, _ in wanted})
    # Read after the groups are locked: a change of a type's `exclusive` locks its groups, too.
    similarity_type = SimilarityType.objects.get(pk=next(iter(groups.values())).similarity_type_id)
    there = _there(kind, similarity_type, groups, {member_id for _, member_id in wanted})
    free, refused = _sort_out(wanted, there, exclusive=similarity_type.exclusive)
    kind.rows.objects.bulk_create(
        [_row(kind, similarity_type, group_id, wanted[group_id, key]) for group_id, key in free],
        batch_size=ROWS_PER_INSERT,
    )
    for group_id, count in Counter(group_id for group_id, _ in free).items():
        _count(kind, [group_id], count)
    holders = Group.objects.select_related("similarity_type").in_bulk(set(refused.values()))
    return Placed(
        added=len(free),
        already=len(there & wanted.keys()),
        elsewhere={key: holders[group_id] for key, group_id in refused.items()},
        pairs=set(free),
    )


def put(
    kind: MemberKind, group: Group, ids: Collection[UUID], taken: Taken = Taken.REFUSE
) -> Placed:
    """Add members to one group, all or none, with as many queries for 10,000 as for one."""
    holders: set[UUID] = set()
    if taken is Taken.MOVE:
        # Read first, since all groups must be locked at once; members added meanwhile are refused
        # below.
        holders = set(_taken(kind, group, ids).values_list("group", flat=True))
    held = _held_of({group.pk}, holders)[group.pk]
    if held.groups_count:
        raise GroupHoldsGroups(held)
    # After the group is locked, as in `place`: its type may have been changed until then.
    similarity_type = SimilarityType.objects.get(pk=held.similarity_type_id)
    moved: set[tuple[UUID, UUID]] = set()
    wanted = ids
    if similarity_type.exclusive and taken is Taken.MOVE:
        moved = _take_from(kind, _taken(kind, held, ids).filter(group__in=holders))
    if similarity_type.exclusive and taken is Taken.LEAVE:
        elsewhere = _taken(kind, held, ids).values_list(f"{kind.member}_id", flat=True)
        wanted = set(ids) - set(elsewhere)
    if similarity_type.exclusive:
        _refuse_taken(kind, held, wanted)
    source = kind.members.objects.filter(pk__in=wanted)
    # One INSERT … SELECT: as model instances, 10,000 images took 50 statements on SQLite.
    added = insert_missing(kind.rows, source, _columns(kind, held, similarity_type), kind.member)
    _count(kind, [held.pk], len(added))
    return Placed(
        added=len(added),
        already=len(wanted) - len(added),
        moved=len(moved),
        left=len(ids) - len(wanted),
        ids=added,
        origins=links(moved),
    )


def _taken(kind: MemberKind, group: Group, ids: Collection[UUID]) -> Any:
    """Return the memberships of these members in other groups of the group's type."""
    rows = kind.rows.objects.filter(similarity_type=group.similarity_type_id)
    return rows.filter(**{f"{kind.member}__in": ids}).exclude(group=group)


def _held_of(needed: set[UUID], others: set[UUID]) -> dict[UUID, Group]:
    """Lock groups in the order of their ids; some of `others` may have been deleted."""
    groups = {row.pk: row for row in lock_all(Group.objects.filter(pk__in=needed | others))}
    if not needed <= groups.keys():
        raise Group.DoesNotExist("The group was deleted in the meantime.")
    return groups


def _take_from(kind: MemberKind, rows: Any) -> set[tuple[UUID, UUID]]:
    """Delete memberships of locked groups and decrease their counters; return them."""
    taken = kind.ids(rows.order_by())
    rows.delete()
    groups_by_count: defaultdict[int, list[UUID]] = defaultdict(list)
    for group_id, count in Counter(group_id for group_id, _ in taken).items():
        groups_by_count[count].append(group_id)
    for count, group_ids in groups_by_count.items():
        _count(kind, group_ids, -count)
    return taken


def _refuse_taken(kind: MemberKind, group: Group, ids: Collection[UUID]) -> None:
    rows = _taken(kind, group, ids).select_related(kind.member, "group__similarity_type")
    row = rows.order_by("id").first()
    if row is not None:
        raise AlreadyInExclusiveType(getattr(row, kind.member), row.group, group)


def _columns(kind: MemberKind, group: Group, similarity_type: SimilarityType) -> dict[str, Any]:
    """Return the value of each field of a membership, as an expression on a member's row."""
    columns: dict[str, Any] = {
        "group": Value(group.pk, UUIDField()),
        kind.member: "pk",
        "similarity_type": Value(similarity_type.pk, UUIDField()),
        "exclusive": Value(similarity_type.exclusive, BooleanField()),
    }
    return columns | ({"image_created": "created"} if kind is IMAGES else {})


def take_out(kind: MemberKind, group: Group, members: Sequence[Member]) -> list[UUID]:
    """Remove members from one group; return those that were in it. Call it in a transaction."""
    _held({group.pk})
    rows = kind.rows.objects.filter(**{"group": group, f"{kind.member}__in": members})
    return [member_id for _, member_id in _take_from(kind, rows)]


def leave_all_groups(
    *, images: Iterable[Image], regions: Iterable[Region]
) -> tuple[set[tuple[UUID, UUID]], set[tuple[UUID, UUID]]]:
    """Remove images and regions from all groups; return (group, member) of each, of both kinds.

    Call it in a transaction that has locked them.
    """
    of_kind = [
        (IMAGES, GroupImage.objects.filter(image__in=list(images))),
        (REGIONS, GroupRegion.objects.filter(region__in=list(regions))),
    ]
    holders = Q()
    for _, rows in of_kind:
        holders |= Q(pk__in=rows.values("group"))
    # Counted only once the groups are locked: another request may be removing the same images.
    lock_all(Group.objects.filter(holders))
    of_images, of_regions = (_take_from(kind, rows) for kind, rows in of_kind)
    return of_images, of_regions


def first_taken(kind: MemberKind, group: Group, similarity_type: SimilarityType) -> Any | None:
    """Return a membership, in another group of the type, of a member of this group."""
    own = kind.rows.objects.filter(group=group)
    taken = kind.rows.objects.filter(
        **{"similarity_type": similarity_type, f"{kind.member}__in": own.values(kind.member)}
    )
    return taken.select_related(kind.member, "group__similarity_type").order_by("id").first()


def in_several_groups(kind: MemberKind, similarity_type: SimilarityType) -> tuple[UUID, int] | None:
    """Return one member that is in several groups of the type, and the number of such members."""
    rows = kind.rows.objects.filter(similarity_type=similarity_type)
    twice = rows.values(kind.member).annotate(groups=Count("id")).filter(groups__gt=1)
    first = twice.order_by(kind.member).first()
    return None if first is None else (first[kind.member], twice.count())


def _held(group_ids: set[UUID]) -> dict[UUID, Group]:
    return _held_of(group_ids, set())


def _there(
    kind: MemberKind, similarity_type: SimilarityType, groups: dict[UUID, Group], members: set[UUID]
) -> set[tuple[UUID, UUID]]:
    """Return the memberships that conflict, of any group if the type is exclusive."""
    for group in groups.values():
        if group.groups_count:
            raise GroupHoldsGroups(group)
    rows = kind.rows.objects.filter(**{f"{kind.member}__in": members})
    if similarity_type.exclusive:
        return kind.ids(rows.filter(similarity_type=similarity_type))
    return kind.ids(rows.filter(group__in=groups))


def _sort_out(
    wanted: Iterable[tuple[UUID, UUID]], there: set[tuple[UUID, UUID]], *, exclusive: bool
) -> tuple[list[tuple[UUID, UUID]], dict[UUID, UUID]]:
    """Return the memberships to create, and the refused members with their current groups."""
    holder = {member_id: group_id for group_id, member_id in there} if exclusive else {}
    free: list[tuple[UUID, UUID]] = []
    refused: dict[UUID, UUID] = {}
    for group_id, member_id in wanted:
        if (group_id, member_id) in there:
            continue
        if member_id in holder:
            refused[member_id] = holder[member_id]
            continue
        if exclusive:
            holder[member_id] = group_id
        free.append((group_id, member_id))
    return free, refused


def _row(kind: MemberKind, similarity_type: SimilarityType, group_id: UUID, member: Member) -> Any:
    row = kind.rows(
        group_id=group_id, similarity_type=similarity_type, exclusive=similarity_type.exclusive
    )
    setattr(row, kind.member, member)
    if isinstance(member, Image):
        row.image_created = member.created
    return row


def _count(kind: MemberKind, group_ids: Iterable[UUID], more: int) -> None:
    if more:
        Group.objects.filter(pk__in=group_ids).update(**{kind.counter: F(kind.counter) + more})
