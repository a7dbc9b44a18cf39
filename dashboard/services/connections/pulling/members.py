"""Merge the memberships of images and regions in groups, and of types in tasks."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dashboard.models import Group, Twin, TwinMember
from dashboard.queries.connections.twins import member_rows, twins_here
from dashboard.services.connections.merging import merge_members
from dashboard.services.connections.pulling.passing import ROWS_AT_ONCE, Pull
from dashboard.services.library.members import MemberKind, place, take_out
from dashboard.services.row_locks import lock_all, lock_pks

Pair = tuple[UUID, UUID]  # container, member: their ids here


@dataclass(frozen=True)
class Scope:
    """The memberships that are compared: of some members, or of some containers."""

    container: str
    member: str
    containers: Collection[Twin] | None = None
    members: Collection[Twin] | None = None

    def base(self) -> dict[Pair, int]:
        """Return the memberships that both sides had, and the rows that say so."""
        rows = member_rows(self.container, self.member, self.containers, self.members)
        return {(container, member): pk for pk, container, member in rows}


def keep_base(pull: Pull, scope: Scope, theirs: set[Pair], ours: set[Pair]) -> None:
    """Record what both sides have now; what only one has is still to be sent or pulled.

    `ours` are those that are here now. A membership that was removed here stays in the base until
    the other side has removed it, too.
    """
    base = scope.base()
    gone = [pk for pair, pk in base.items() if pair not in theirs]
    TwinMember.objects.filter(pk__in=gone).delete()
    added = sorted((theirs & ours) - base.keys())
    containers = twins_here(pull.link, scope.container, {container for container, _ in added})
    members = twins_here(pull.link, scope.member, {member for _, member in added})
    TwinMember.objects.bulk_create(
        [
            TwinMember(container=containers[container], member=members[member])
            for container, member in added
            if container in containers and member in members
        ],
        batch_size=ROWS_AT_ONCE,
    )


def is_settled(scope: Scope, theirs: set[Pair], ours: set[Pair]) -> bool:
    """Return whether neither memberships nor what is known of them need a change here."""
    base = set(scope.base())
    merged = merge_members(base, ours, theirs)
    return not (merged.add_here or merged.remove_here or base - theirs or (theirs & ours) - base)


def merge_group_members(
    pull: Pull, kind: MemberKind, scope: Scope, theirs: set[Pair], ids: Mapping[str, set[UUID]]
) -> None:
    """Add and remove here what was added and removed there.

    `ids` are those of the groups or of the members whose memberships are all in `theirs`.
    """
    if is_settled(scope, theirs, _here(kind, ids)):
        return
    with pull.writing(step=f"Reading members of groups, {kind.noun}s"):
        members = {member for _, member in theirs | set(scope.base()) | _here(kind, ids)}
        rows = _present(kind, members)
        merged = merge_members(set(scope.base()), _here(kind, ids), theirs)
        groups = Group.objects.filter(workspace=pull.workspace)
        touched = {group for group, _ in merged.add_here | merged.remove_here}
        held = {row.pk: row for row in lock_all(groups.filter(pk__in=touched))}
        _remove(kind, held, rows, merged.remove_here)
        wanted = [
            (held[group], rows[member])
            for group, member in sorted(merged.add_here)
            if group in held and member in rows
        ]
        _add(pull, kind, wanted)
        pull.counts["memberships"] += len(merged.remove_here) + len(wanted)
        keep_base(pull, scope, theirs, _here(kind, ids))


def _here(kind: MemberKind, ids: Mapping[str, set[UUID]]) -> set[Pair]:
    column, values = next(iter(ids.items()))
    name = "group_id" if column == "group" else f"{kind.member}_id"
    return kind.ids(kind.rows.objects.filter(**{f"{name}__in": values}))


def _present(kind: MemberKind, ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Return the members that are here, locked: members before groups, see `row_locks`."""
    rows = kind.members.objects.filter(pk__in=set(ids))
    if kind.member == "image":
        rows = rows.filter(deleted__isnull=True)
    return {row.pk: row for row in lock_all(rows.only("id", "created"))}


def _remove(
    kind: MemberKind, groups: Mapping[UUID, Group], rows: Mapping[UUID, Any], pairs: Iterable[Pair]
) -> None:
    by_group: defaultdict[UUID, list[Any]] = defaultdict(list)
    for group, member in pairs:
        if group in groups and member in rows:
            by_group[group].append(rows[member])
    for group, members in sorted(by_group.items()):
        take_out(kind, groups[group], members)


def _add(pull: Pull, kind: MemberKind, pairs: Sequence[tuple[Group, Any]]) -> None:
    by_type: defaultdict[UUID, list[tuple[Group, Any]]] = defaultdict(list)
    for group, member in pairs:
        group.refresh_from_db(fields=["groups_count"])
        # It was filled with subgroups here meanwhile; the next pull tries again.
        if group.groups_count:
            pull.fail("memberships", f"“{group}” holds groups here and images there.")
        else:
            by_type[group.similarity_type_id].append((group, member))
    for some in by_type.values():
        placed = place(kind, some)
        if placed.elsewhere:
            _overrule(pull, kind, [pair for pair in some if pair[1].pk in placed.elsewhere], placed)


def _overrule(
    pull: Pull, kind: MemberKind, pairs: Sequence[tuple[Group, Any]], placed: Any
) -> None:
    """Move members that were moved here and there, to where the other side has them."""
    lock_pks(Group.objects.filter(pk__in={group.pk for group in placed.elsewhere.values()}))
    for group, member in pairs:
        holder = placed.elsewhere[member.pk]
        take_out(kind, holder, [member])
        ours, theirs = {"groups": [str(holder.pk)]}, {"groups": [str(group.pk)]}
        pull.overruled(kind.noun, member.pk, str(holder), ours, theirs)
    place(kind, pairs)
