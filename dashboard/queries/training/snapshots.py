"""Write and read snapshots: the members of all groups at the moment of a training."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from accounts.models import Workspace
from dashboard.models import (
    Group,
    GroupImage,
    GroupNesting,
    GroupRegion,
    Image,
    Region,
    SimilarityType,
    Task,
)

FORMAT = 2


@dataclass(frozen=True)
class Member:
    """An image or a region in a group of a type, as it counts for that type."""

    id: UUID
    group_id: UUID
    held_out: bool


@dataclass(frozen=True)
class Snapshot:
    """The members of groups at the moment of a training, by type.

    `images` are all members that are images, `regions` all that are regions, each with its image.
    `blocks` has, for types that are folded by a key of metadata, the value of each member that has
    one, as JSON.
    """

    members: dict[SimilarityType, list[Member]]
    images: dict[UUID, Image]
    regions: dict[UUID, Region]
    blocks: dict[SimilarityType, dict[UUID, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the snapshot as JSON: ids, boxes and content hashes."""
        shown = [*self.images.values(), *(region.image for region in self.regions.values())]
        return {
            "format": FORMAT,
            "types": {
                str(similarity_type.id): [
                    [str(member.group_id), str(member.id), member.held_out] for member in members
                ]
                for similarity_type, members in self.members.items()
            },
            # With hashes: reproducing the version later detects an image whose bytes have changed.
            "images": {str(image.id): image.stored_sha256 for image in shown},
            "regions": {
                str(key): [str(region.image_id), *region.box]
                for key, region in self.regions.items()
            },
            "blocks": {
                str(similarity_type.id): {str(one): value for one, value in values.items()}
                for similarity_type, values in self.blocks.items()
            },
        }


class SnapshotLost(Exception):
    """Data that a snapshot refers to was deleted or has changed."""


def snapshot(task: Task) -> Snapshot:
    """Read the members of every type of the task.

    A group that contains only groups of its own type is a folder, which does not count. One that
    contains groups of other types is a group of its own type, with all images and regions below it.
    """
    members = {
        similarity_type: _members(similarity_type)
        for similarity_type in task.similarity_types.order_by("name", "id")
    }
    ids = {member.id for rows in members.values() for member in rows}
    images, regions = _present(task.workspace, ids)
    there = images.keys() | regions.keys()
    present = {
        similarity_type: [member for member in rows if member.id in there]
        for similarity_type, rows in members.items()
    }
    return Snapshot(present, images, regions, _blocks(present, images, regions))


def _blocks(
    members: Mapping[SimilarityType, Collection[Member]],
    images: Mapping[UUID, Image],
    regions: Mapping[UUID, Region],
) -> dict[SimilarityType, dict[UUID, str]]:
    """Return the metadata values that types are folded by."""
    shown = dict(images) | {key: region.image for key, region in regions.items()}
    return {
        similarity_type: {
            member.id: json.dumps(value, sort_keys=True)
            for member in rows
            if (value := shown[member.id].meta_data.get(similarity_type.fold_by)) not in (None, "")
        }
        for similarity_type, rows in members.items()
        if similarity_type.fold_by
    }


def kept_snapshot(task: Task, kept: Mapping[str, Any]) -> Snapshot:
    """Read back what `as_json` wrote: the same members, images with the same bytes, the same boxes.

    Regions may have been moved or deleted since. Raises `SnapshotLost` with a sentence if an image
    or a type no longer exists.
    """
    if kept.get("format") != FORMAT:
        raise SnapshotLost(f"Its snapshot has format {kept.get('format')}, not {FORMAT}.")
    images = _of_same_bytes(task.workspace, kept["images"])
    types = SimilarityType.objects.in_workspace(task.workspace).in_bulk(map(UUID, kept["types"]))
    if len(types) < len(kept["types"]):
        raise SnapshotLost("A similarity type that it was trained on no longer exists.")
    regions = {
        UUID(key): _region(UUID(key), images[UUID(image)], box)
        for key, (image, *box) in kept["regions"].items()
    }
    members = {
        types[UUID(key)]: [Member(UUID(one), UUID(group), held) for group, one, held in rows]
        for key, rows in kept["types"].items()
    }
    blocks = {
        types[UUID(key)]: {UUID(one): value for one, value in values.items()}
        for key, values in kept.get("blocks", {}).items()
    }
    ids = {member.id for rows in members.values() for member in rows}
    return Snapshot(members, {key: images[key] for key in ids if key in images}, regions, blocks)


def _of_same_bytes(workspace: Workspace, hashes: Mapping[str, str]) -> dict[UUID, Image]:
    images = Image.objects.in_workspace(workspace).present().in_bulk(map(UUID, hashes))
    same = {key: one for key, one in images.items() if one.stored_sha256 == hashes[str(key)]}
    if lost := len(hashes) - len(same):
        raise SnapshotLost(
            f"{lost} of the {len(hashes)} images that it was trained on no longer exist."
        )
    return same


def _region(key: UUID, image: Image, box: Collection[int]) -> Region:
    left, top, right, bottom = box
    return Region(pk=key, image=image, left=left, top=top, right=right, bottom=bottom)


def _present(
    workspace: Workspace, ids: Collection[UUID]
) -> tuple[dict[UUID, Image], dict[UUID, Region]]:
    images = Image.objects.in_workspace(workspace).present().in_bulk(ids)
    # Both tables have UUIDs, so an id that is not an image can only be a region.
    regions = Region.objects.in_workspace(workspace).filter(image__deleted__isnull=True)
    return images, regions.select_related("image").in_bulk(set(ids) - images.keys())


def _members(similarity_type: SimilarityType) -> list[Member]:
    found: list[Member] = []
    of_type = {"similarity_type": similarity_type}
    for rows, member, image in _memberships(of_type):
        # A fixed order: folds are cut by position, and the same data must give the same model.
        values = rows.order_by("group_id", member).values_list(
            member, "group_id", "group__test_group", f"{image}test_image"
        )
        found += [Member(one, group, in_test or marked) for one, group, in_test, marked in values]
    holding = Group.objects.filter(similarity_type=similarity_type, groups_count__gt=0)
    for group in holding.order_by("id"):
        found.extend(_members_below(group))
    return found


def _memberships(of: dict[str, Any]) -> list[tuple[Any, str, str]]:
    """Return both tables of memberships, the member's column in each, and the path to its image."""
    return [
        (GroupImage.objects.filter(**of, image__deleted__isnull=True), "image_id", "image__"),
        (
            GroupRegion.objects.filter(**of, region__image__deleted__isnull=True),
            "region_id",
            "region__image__",
        ),
    ]


def _members_below(group: Group) -> list[Member]:
    below = _groups_below(group)
    if not any(type_id != group.similarity_type_id for _, type_id in below):
        return []
    within = {"group__in": {group_id for group_id, _ in below}}
    marks: dict[UUID, bool] = {}
    for rows, member, image in _memberships(within):
        marks.update(rows.values_list(member, f"{image}test_image"))
    return [Member(one, group.id, group.test_group or marks[one]) for one in sorted(marks)]


def _groups_below(group: Group) -> set[tuple[UUID, UUID]]:
    """Return (group, type) of everything nested in a group, at any depth."""
    found: set[tuple[UUID, UUID]] = set()
    layer = [group.id]
    while layer:
        rows = GroupNesting.objects.filter(parent__in=layer)
        pairs = set(rows.values_list("child_id", "child__similarity_type_id")) - found
        found |= pairs
        layer = [group_id for group_id, _ in pairs]
    return found
