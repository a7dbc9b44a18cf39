"""Create, change and delete groups, and change their members."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db import models, transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from accounts.journal import record, values_of
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.models import (
    Extraction,
    Fill,
    Group,
    GroupImage,
    GroupNesting,
    GroupRegion,
    Image,
    SimilarityType,
    Verification,
)
from dashboard.models.folded_names import folded
from dashboard.queries.library.groups import groups_in, groups_to_fill
from dashboard.queries.library.images import images_in
from dashboard.queries.library.regions import regions_in
from dashboard.services.errors import AlreadyInExclusiveType, EmptyName
from dashboard.services.jobs.dropping import drop_extractions, drop_fills
from dashboard.services.journal.payloads import MOST, Lost, moved_from, with_lost
from dashboard.services.library.members import (
    IMAGES,
    REGIONS,
    Member,
    MemberKind,
    Placed,
    Taken,
    first_taken,
    place,
    put,
    take_out,
)
from dashboard.services.row_locks import lock_all, lock_ids, lock_pks, lock_rows

M = TypeVar("M", bound=models.Model)

# What a deletion keeps of a group, for its undo.
FIELDS = ("similarity_type", "name", "description", "meta_data", "test_group")


@transaction.atomic
def create_group(
    *,
    similarity_type: SimilarityType,
    name: str,
    description: str = "",
    meta_data: dict[str, Any] | None = None,
    test_group: bool = False,
    actor: User | None,
) -> Group:
    """Create an empty group of a type. Raises `EmptyName`."""
    if not name.strip():
        raise EmptyName("group")
    group = Group.objects.create(
        workspace=similarity_type.workspace,
        similarity_type=similarity_type,
        name=name.strip()[:255],
        description=description,
        meta_data=meta_data or {},
        test_group=test_group,
    )
    count_groups(similarity_type.pk, 1)
    _tell(Verb.CREATED, group, actor=actor)
    return group


@transaction.atomic
def mark_group(*, group: Group, test_group: bool, actor: User) -> None:
    """Set or remove the test mark of a group."""
    was = values_of(group, ["test_group"])
    group.test_group = test_group
    group.save(update_fields=["test_group", "modified"])
    verb = Verb.MARKED_TEST if test_group else Verb.UNMARKED_TEST
    _tell(verb, group, was=was, now=values_of(group, was), actor=actor)


@transaction.atomic
def mark_groups(*, workspace: Workspace, ids: Iterable[UUID], test_group: bool, actor: User) -> int:
    """Set or remove the test mark of groups; return how many.

    Raises `UnknownIds` and `TooManyIds`; then nothing is changed.
    """
    bare = groups_in(workspace).only("id", "similarity_type", "test_group")
    groups = lock_rows(bare, ids, "group")
    changed = [group.pk for group in groups if group.test_group != test_group]
    rows = Group.objects.filter(pk__in=[group.pk for group in groups])
    rows.update(test_group=test_group, modified=timezone.now())
    if groups:
        record(
            workspace=workspace,
            verb=Verb.MARKED_SEVERAL_TEST if test_group else Verb.UNMARKED_SEVERAL_TEST,
            noun="group",
            count=len(groups),
            before={"test_group": not test_group},
            after={"test_group": test_group},
            members=changed,
            actor=actor,
        )
    return len(groups)


@transaction.atomic
def change_group(*, group: Group, changes: dict[str, Any], actor: User) -> Group:
    """Set any of `name`, `description`, `meta_data`, `test_group` and `similarity_type`.

    The metadata is replaced as a whole; the members move to the other type, too. Raises `EmptyName`
    and `AlreadyInExclusiveType`; then nothing is changed.
    """
    if "similarity_type" in changes:
        changes = changes | {"similarity_type": hold_types(group, changes["similarity_type"])}
    rows = Group.objects.select_related("workspace", "similarity_type")
    # `of`: the joined workspace and type are only read. Locking them here would break the order.
    row = rows.select_for_update(of=("self",), no_key=True).get(pk=group.pk)
    if not changes:
        return row
    before, was = row.name, values_of(row, changes)
    if not changes.get("name", row.name).strip():
        raise EmptyName("group")
    if "similarity_type" in changes:
        move_to_type(row, changes["similarity_type"])
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=[*changes, "modified"])
    told: dict[str, Any] = {"fields": sorted(changes), "before": before, "after": row.name}
    _tell(Verb.CHANGED, row, was=was, now=values_of(row, was), actor=actor, **told)
    return row


def hold_types(group: Group, similarity_type: SimilarityType) -> SimilarityType:
    """Lock the group's current type and its new one; return the new one as it is now.

    Of an exclusive type all groups are locked, as a service that adds members to one of them locks
    it: no member of this group can be added to another group of the type before this group moves.
    """
    _hold_workspace(group)
    current = Group.objects.filter(pk=group.pk).values("similarity_type")
    wanted = Q(pk__in=current) | Q(pk=similarity_type.pk)
    held = {kind.pk: kind for kind in lock_all(SimilarityType.objects.filter(wanted))}
    if similarity_type.pk not in held:
        raise SimilarityType.DoesNotExist("The type was deleted in the meantime.")
    if held[similarity_type.pk].exclusive:
        touched = Q(similarity_type=similarity_type) | Q(pk=group.pk)
        lock_pks(Group.objects.filter(touched))
    return held[similarity_type.pk]


def _hold_workspace(group: Group) -> None:
    """Block all other nestings, moves and deletions of groups in the workspace."""
    lock_all(Workspace.objects.filter(pk=group.workspace_id))


def move_to_type(group: Group, similarity_type: SimilarityType) -> None:
    """Update the types' counters, and the copies of the type in the memberships.

    Call it in a transaction that has called `hold_types`. Raises `AlreadyInExclusiveType`.
    """
    if similarity_type.pk == group.similarity_type_id:
        return
    for kind in (IMAGES, REGIONS):
        if similarity_type.exclusive and (taken := first_taken(kind, group, similarity_type)):
            raise AlreadyInExclusiveType(getattr(taken, kind.member), taken.group)
        kind.rows.objects.filter(group=group).update(
            similarity_type=similarity_type, exclusive=similarity_type.exclusive
        )
    count_groups(group.similarity_type_id, -1)
    count_groups(similarity_type.pk, 1)


@transaction.atomic
def delete_group(*, group: Group, actor: User) -> None:
    """Delete a group; its members are kept."""
    _hold_workspace(group)
    row = Group.objects.select_related("workspace").get(pk=group.pk)
    count_groups(row.similarity_type_id, -1)
    lost = Lost()
    discard_groups(Group.objects.filter(pk=row.pk), lost)
    _tell(Verb.DELETED, row, was=with_lost(values_of(row, FIELDS), lost), actor=actor)


def discard_groups(groups: QuerySet[Group], lost: Lost | None = None) -> None:
    """Delete groups and their memberships; put into `lost` what goes with them.

    Call it in a transaction that has locked the workspace, and update the counters of types beside
    it. The counters of parent groups are updated. Ids stay in the database: there may be 100,000.
    """
    nested = GroupNesting.objects.filter(child__in=groups)
    touched = Q(pk__in=groups.values("pk")) | Q(pk__in=nested.values("parent"))
    # By id, as everywhere: two deletions that share groups wait for each other, never in a
    # deadlock.
    held = Group.objects.filter(touched).order_by("id").select_for_update()
    # A full lock, not `no_key`, as these rows are deleted: an insert that refers to one has to
    # wait.
    list(held.values_list("pk", flat=True))
    # Parents that are deleted themselves need no counting.
    holders = nested.exclude(parent__in=groups).order_by("parent").values_list("parent")
    for parent_id, count in list(holders.annotate(Count("id"))):
        Group.objects.filter(pk=parent_id).update(groups_count=F("groups_count") - count)
    if lost is not None:
        _keep_links(groups, lost)
    drop_extractions(Extraction.objects.filter(group__in=groups))
    drop_fills(Fill.objects.filter(group__in=groups))
    GroupImage.objects.filter(group__in=groups).delete()
    GroupRegion.objects.filter(group__in=groups).delete()
    groups.delete()


def _keep_links(groups: QuerySet[Group], lost: Lost) -> None:
    """Read what goes with groups, by one statement of each kind, and no more than is kept."""
    within = Q(parent__in=groups) | Q(child__in=groups)
    verified = Verification.objects.filter(group__in=groups, user__isnull=False)
    found: dict[str, Any] = {
        "groups": GroupImage.objects.filter(group__in=groups).values_list("group", "image"),
        "object_groups": GroupRegion.objects.filter(group__in=groups).values_list(
            "group", "region"
        ),
        "nested": GroupNesting.objects.filter(within).values_list("parent", "child"),
        "verified": verified.values_list("user", "group"),
    }
    for name, pairs in found.items():
        # One more than is kept tells that there are too many.
        lost.link(name, pairs.order_by()[: MOST + 1])


def discard_groups_of_types(groups: QuerySet[Group]) -> int:
    """Delete groups as part of a larger change, which is recorded there; return how many.

    Call it in a transaction that has locked the workspace.
    """
    held = groups.order_by("pk").select_for_update(of=("self",), no_key=True)
    # Counting evaluates the queryset, which locks the rows.
    by_type = Counter(held.values_list("similarity_type", flat=True))
    for type_id, count in by_type.items():
        count_groups(type_id, -count)
    discard_groups(groups)
    return by_type.total()


def count_groups(type_id: UUID, more: int) -> None:
    """Add to the counter of a type. Call it in the transaction that changes its groups."""
    SimilarityType.objects.filter(pk=type_id).update(groups_count=F("groups_count") + more)


def find_or_make_groups(
    *, similarity_type: SimilarityType, names: Iterable[str]
) -> tuple[dict[str, Group], list[Group]]:
    """Return the type's group for each name, creating missing ones; also return those created.

    Of equal names, one with the same spelling is preferred, then the oldest. Call it in a
    transaction as part of a larger change, which is recorded there. The type's row is locked, so
    that two uploads create one group. Raises `EmptyName`.
    """
    wanted = {name: folded(name) for name in names}
    if not all(wanted.values()):
        raise EmptyName("group")
    SimilarityType.objects.select_for_update(no_key=True).get(pk=similarity_type.pk)
    rows = groups_to_fill([similarity_type.pk], wanted.values())
    spelled = {group.name: group for group in rows}
    found = {group.folded_name: group for group in rows}
    lacking = {key: name.strip() for name, key in sorted(wanted.items()) if key not in found}
    made = [
        Group(workspace_id=similarity_type.workspace_id, similarity_type=similarity_type, name=name)
        for name in lacking.values()
    ]
    # No change is recorded for each group: the upload's own change covers all of them.
    Group.objects.bulk_create(made)
    if made:
        count_groups(similarity_type.pk, len(made))
    found |= {group.folded_name: group for group in made}
    return {name: spelled.get(name.strip(), found[key]) for name, key in wanted.items()}, made


def hold_to_place(*, image_ids: Iterable[UUID], group_ids: Iterable[UUID]) -> None:
    """Lock the rows that several calls of `place_images` need, before the first call.

    All images come before all groups: deletions lock them in this order.
    """
    lock_pks(Image.objects.filter(pk__in=set(image_ids)))
    lock_pks(Group.objects.filter(pk__in=set(group_ids)))


def place_images(pairs: Sequence[tuple[Group, Image]]) -> Placed:
    """Add each image to its group, all groups of one type. Call it in a transaction.

    An image in another group of an exclusive type stays there and is reported; a deleted one is
    skipped.
    """
    rows = Image.objects.present().filter(pk__in={image.pk for _, image in pairs})
    there = {image.pk for image in lock_all(rows.only("id"))}
    return place(IMAGES, [(group, image) for group, image in pairs if image.pk in there])


@transaction.atomic
def add_images(
    *, group: Group, ids: Iterable[UUID], taken: Taken = Taken.REFUSE, actor: User
) -> Placed:
    """Add images to a group; existing members are kept.

    `taken` says what to do with images in another group of an exclusive type: unless they are moved
    or skipped, no image is added. Raises `UnknownIds`, `TooManyIds`, `GroupHoldsGroups` and
    `AlreadyInExclusiveType`; then nothing is changed.
    """
    held = lock_ids(images_in(group.workspace), ids, "image")
    return _add(IMAGES, group, held, actor, taken)


@transaction.atomic
def add_regions(*, group: Group, ids: Iterable[UUID], actor: User) -> Placed:
    """Add regions to a group, as `add_images` does images."""
    rows = regions_in(group.workspace).select_related(None)
    return _add(REGIONS, group, lock_ids(rows, ids, "object"), actor)


@transaction.atomic
def remove_images(*, group: Group, ids: Iterable[UUID], actor: User) -> tuple[int, int]:
    """Remove images from a group; return how many were in it and how many were not.

    Raises `UnknownIds` and `TooManyIds`; then nothing is changed.
    """
    return _remove(IMAGES, group, lock_rows(_bare(images_in(group.workspace)), ids, "image"), actor)


@transaction.atomic
def remove_regions(*, group: Group, ids: Iterable[UUID], actor: User) -> tuple[int, int]:
    """Remove regions from a group, as `remove_images` does images."""
    return _remove(
        REGIONS, group, lock_rows(_bare(regions_in(group.workspace)), ids, "object"), actor
    )


def _bare(rows: QuerySet[M]) -> QuerySet[M]:
    """Read only the columns that memberships need; there may be 10,000 members."""
    return rows.select_related(None).only("id", "created")


def _add(
    kind: MemberKind, group: Group, ids: Collection[UUID], actor: User, taken: Taken = Taken.REFUSE
) -> Placed:
    placed = put(kind, group, ids, taken)
    if placed.moved:
        verb, moved = Verb(f"moved {kind.noun}s to"), f"{placed.moved:,}"
        was = moved_from(placed.origins)
        _tell(verb, group, members=placed.ids, was=was, actor=actor, moved=moved)
    elif placed.added:
        _tell(Verb(f"added {kind.noun}s to"), group, members=placed.ids, actor=actor)
    return placed


def _remove(
    kind: MemberKind, group: Group, members: Sequence[Member], actor: User
) -> tuple[int, int]:
    removed = take_out(kind, group, members)
    if removed:
        _tell(Verb(f"removed {kind.noun}s from"), group, members=removed, actor=actor)
    return len(removed), len(members) - len(removed)


def _tell(
    verb: Verb,
    group: Group,
    *,
    members: Collection[UUID] | None = None,
    was: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
    actor: User | None,
    **details: Any,
) -> None:
    record(
        workspace=group.workspace,
        verb=verb,
        noun="group",
        target_id=group.id,
        target_name=group.name,
        count=1 if members is None else len(members),
        details=details,
        before=was,
        after=now,
        members=members,
        actor=actor,
    )
