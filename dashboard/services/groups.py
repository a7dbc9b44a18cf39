"""Make groups and move images in and out of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, QuerySet

from accounts.activity import record
from accounts.models import User, Workspace
from dashboard.models import (
    Extraction,
    Group,
    GroupImage,
    GroupNesting,
    GroupRegion,
    Image,
    SimilarityType,
)
from dashboard.queries.images import images_in
from dashboard.services.errors import (
    AlreadyInExclusiveType,
    EmptyName,
    GroupHoldsGroups,
    TooManyIds,
    UnknownIds,
)
from dashboard.services.extractions import drop_extractions
from dashboard.services.images import MAX_IDS


@dataclass
class Placed:
    """What came of putting images into groups; `elsewhere` maps a refused image to its group."""

    added: int = 0
    already: int = 0
    elsewhere: dict[UUID, Group] = field(default_factory=dict)


@transaction.atomic
def create_group(
    *,
    similarity_type: SimilarityType,
    name: str,
    description: str = "",
    meta_data: dict[str, Any] | None = None,
    actor: User | None,
) -> Group:
    """Create an empty group of a type."""
    if not name.strip():
        raise EmptyName("group")
    group = Group.objects.create(
        workspace=similarity_type.workspace,
        similarity_type=similarity_type,
        name=name.strip()[:255],
        description=description,
        meta_data=meta_data or {},
    )
    _count_groups(similarity_type.pk, 1)
    _tell("created", group, actor=actor)
    return group


@transaction.atomic
def mark_group(*, group: Group, test_group: bool, actor: User) -> None:
    """Keep a group back for testing, or give it back to training."""
    group.test_group = test_group
    group.save(update_fields=["test_group", "modified"])
    _tell("marked as test" if test_group else "unmarked as test", group, actor=actor)


@transaction.atomic
def change_group(*, group: Group, changes: dict[str, Any], actor: User) -> Group:
    """Set any of `name`, `description`, `meta_data`, `test_group` and `similarity_type`.

    The meta data is replaced whole; another type takes the images along. Raises `EmptyName` and
    `AlreadyInExclusiveType`; then nothing is changed.
    """
    rows = Group.objects.select_related("workspace", "similarity_type")
    row = rows.select_for_update(of=("self",)).get(pk=group.pk)
    if not changes:
        return row
    before = row.name
    if not changes.get("name", row.name).strip():
        raise EmptyName("group")
    if "similarity_type" in changes:
        _move_to_type(row, changes["similarity_type"])
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=[*changes, "modified"])
    _tell("changed", row, actor=actor, fields=sorted(changes), before=before, after=row.name)
    return row


def _move_to_type(group: Group, similarity_type: SimilarityType) -> None:
    """Bring the type's counters, and its copies in the memberships, up to date."""
    if similarity_type.pk == group.similarity_type_id:
        return
    members = GroupImage.objects.filter(group=group)
    if similarity_type.exclusive:
        elsewhere = GroupImage.objects.filter(
            similarity_type=similarity_type, image__in=members.values("image")
        )
        row = elsewhere.select_related("image", "group__similarity_type").first()
        if row is not None:
            raise AlreadyInExclusiveType(row.image, row.group)
    for rows in (members, GroupRegion.objects.filter(group=group)):
        rows.update(similarity_type=similarity_type, exclusive=similarity_type.exclusive)
    _count_groups(group.similarity_type_id, -1)
    _count_groups(similarity_type.pk, 1)


@transaction.atomic
def delete_group(*, group: Group, actor: User) -> None:
    """Delete a group; what it held stays."""
    row = Group.objects.select_related("workspace").get(pk=group.pk)
    _tell("deleted", row, actor=actor)
    discard_groups(Group.objects.filter(pk=row.pk))
    _count_groups(row.similarity_type_id, -1)


def discard_groups(groups: QuerySet[Group]) -> None:
    """Delete groups and who is in them; call it in a transaction, and count the types after it.

    Groups that held them count one less. Ids stay in the database: there may be 100,000.
    """
    list(groups.order_by("id").select_for_update().values_list("pk", flat=True))
    nested = GroupNesting.objects.filter(child__in=groups).exclude(parent__in=groups)
    holders = nested.order_by("parent").values_list("parent").annotate(Count("id"))
    for parent_id, count in list(holders):
        Group.objects.filter(pk=parent_id).update(groups_count=F("groups_count") - count)
    drop_extractions(Extraction.objects.filter(group__in=groups))
    GroupImage.objects.filter(group__in=groups).delete()
    GroupRegion.objects.filter(group__in=groups).delete()
    groups.delete()


def _count_groups(type_id: UUID, more: int) -> None:
    SimilarityType.objects.filter(pk=type_id).update(groups_count=F("groups_count") + more)


def find_or_create_groups(
    *, similarity_type: SimilarityType, names: Iterable[str], actor: User | None
) -> dict[str, Group]:
    """Return the type's oldest group of each name, creating those that it lacks.

    Call it in a transaction: the type's row is locked, so that two uploads make one group.
    """
    SimilarityType.objects.select_for_update().get(pk=similarity_type.pk)
    wanted = set(names)
    rows = Group.objects.filter(similarity_type=similarity_type, name__in=wanted, groups_count=0)
    found = {group.name: group for group in rows.order_by("-created", "-id")}
    for name in sorted(wanted - found.keys()):
        found[name] = create_group(similarity_type=similarity_type, name=name, actor=actor)
    return found


def place_images(pairs: Sequence[tuple[Group, Image]]) -> Placed:
    """Put each image into its group, all groups of one type; call it in a transaction.

    The groups are locked in the order of their ids, so two callers never wait for each other.
    An image in another group of an exclusive type stays there and is reported.
    """
    if not pairs:
        return Placed()
    groups = {
        group.pk: group
        for group in Group.objects.filter(pk__in={group.pk for group, _ in pairs})
        .select_related("similarity_type")
        .select_for_update(of=("self",))
        .order_by("id")
    }
    if len(groups) < len({group.pk for group, _ in pairs}):
        raise Group.DoesNotExist("The group was deleted meanwhile.")
    for group in groups.values():
        if group.groups_count:
            raise GroupHoldsGroups(group)
    wanted = {(group.pk, image.pk): image for group, image in pairs}
    there = _members_there(groups, wanted)
    placed = Placed(already=len(there & wanted.keys()))
    rows = _new_rows(groups, wanted, there, placed)
    GroupImage.objects.bulk_create(rows, batch_size=500)
    placed.added = len(rows)
    for group_id, count in Counter(row.group_id for row in rows).items():
        Group.objects.filter(pk=group_id).update(images_count=F("images_count") + count)
    return placed


def _members_there(
    groups: dict[UUID, Group], wanted: dict[tuple[UUID, UUID], Image]
) -> set[tuple[UUID, UUID]]:
    """Return the memberships that stand in the way, of any group if the type is exclusive."""
    rows = GroupImage.objects.filter(image__in={image_id for _, image_id in wanted})
    similarity_type = next(iter(groups.values())).similarity_type
    if similarity_type.exclusive:
        rows = rows.filter(similarity_type=similarity_type)
    else:
        rows = rows.filter(group__in=groups)
    return set(rows.values_list("group_id", "image_id"))


def _new_rows(
    groups: dict[UUID, Group],
    wanted: dict[tuple[UUID, UUID], Image],
    there: set[tuple[UUID, UUID]],
    placed: Placed,
) -> list[GroupImage]:
    holder = {image_id: group_id for group_id, image_id in there}
    refused: dict[UUID, UUID] = {}
    rows = []
    for (group_id, image_id), image in wanted.items():
        if (group_id, image_id) in there:
            continue
        similarity_type = groups[group_id].similarity_type
        if similarity_type.exclusive and image_id in holder:
            refused[image_id] = holder[image_id]
            continue
        holder[image_id] = group_id
        rows.append(
            GroupImage(
                group_id=group_id,
                image=image,
                similarity_type=similarity_type,
                exclusive=similarity_type.exclusive,
                image_created=image.created,
            )
        )
    holders = Group.objects.in_bulk(set(refused.values()))
    placed.elsewhere = {image_id: holders[group_id] for image_id, group_id in refused.items()}
    return rows


@transaction.atomic
def add_images(*, group: Group, ids: Iterable[UUID], actor: User) -> Placed:
    """Put images into a group; those that are there already stay.

    Raises `UnknownIds`, `TooManyIds`, `GroupHoldsGroups` and `AlreadyInExclusiveType`; then
    nothing is changed.
    """
    images = _images_of_ids(group.workspace, ids)
    placed = place_images([(group, image) for image in images])
    for image in images:
        if image.pk in placed.elsewhere:
            raise AlreadyInExclusiveType(image, placed.elsewhere[image.pk])
    if placed.added:
        _tell("added images to", group, count=placed.added, actor=actor)
    return placed


@transaction.atomic
def group_images(
    *, similarity_type: SimilarityType, name: str, ids: Iterable[UUID], actor: User
) -> tuple[Group, Placed]:
    """Put images into the type's group of that name, which is made if there is none.

    Raises what `add_images` raises; then nothing is changed.
    """
    group = find_or_create_groups(
        similarity_type=similarity_type, names=[name.strip()[:255]], actor=actor
    )[name.strip()[:255]]
    return group, add_images(group=group, ids=ids, actor=actor)


@transaction.atomic
def remove_images(*, group: Group, ids: Iterable[UUID], actor: User) -> tuple[int, int]:
    """Take images out of a group; returns how many were in it and how many were not.

    Raises `UnknownIds` and `TooManyIds`; then nothing is changed.
    """
    images = _images_of_ids(group.workspace, ids)
    Group.objects.select_for_update().get(pk=group.pk)
    removed, _ = GroupImage.objects.filter(group=group, image__in=images).delete()
    if removed:
        Group.objects.filter(pk=group.pk).update(images_count=F("images_count") - removed)
        _tell("removed images from", group, count=removed, actor=actor)
    return removed, len(images) - removed


def _images_of_ids(workspace: Workspace, ids: Iterable[UUID]) -> list[Image]:
    wanted = set(ids)
    if len(wanted) > MAX_IDS:
        raise TooManyIds(len(wanted), MAX_IDS)
    images = list(images_in(workspace).filter(pk__in=wanted).only("id", "created"))
    if unknown := wanted - {image.pk for image in images}:
        raise UnknownIds("image", unknown)
    return images


def _tell(verb: str, group: Group, *, count: int = 1, actor: User | None, **details: Any) -> None:
    record(
        workspace=group.workspace,
        verb=verb,
        noun="group",
        target_id=group.id,
        target_name=group.name,
        count=count,
        details=details,
        actor=actor,
    )
