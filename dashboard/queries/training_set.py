"""The one border between rows and arrays: what a training sees of a task."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.training_set import TrainingSet, TypeData
from dashboard.models import Group, GroupImage, GroupNesting, Image, SimilarityType, Task, Version
from dashboard.queries.features import features_of


@dataclass(frozen=True)
class Member:
    """An image in a group of a type, as it counts for that type."""

    image_id: UUID
    group_id: UUID
    held_out: bool


@dataclass(frozen=True)
class Snapshot:
    """Who is in which group at the moment of a training, by type; `images` are all of them."""

    members: dict[SimilarityType, list[Member]]
    images: dict[UUID, Image]

    def as_json(self) -> dict[str, Any]:
        """Write it down: what the version saw, by ids and content hashes."""
        return {
            "format": 1,
            "types": {
                str(similarity_type.id): [
                    [str(member.group_id), str(member.image_id), member.held_out]
                    for member in members
                ]
                for similarity_type, members in self.members.items()
            },
            "images": {str(key): image.stored_sha256 for key, image in self.images.items()},
        }


def snapshot(task: Task) -> Snapshot:
    """Read the members of every type of the task.

    A group of groups of its own type is a folder, which does not count. One that holds groups of
    other types is a group of its own type, made of all images below it.
    """
    members = {
        similarity_type: _members(similarity_type)
        for similarity_type in task.similarity_types.order_by("name", "id")
    }
    ids = {member.image_id for rows in members.values() for member in rows}
    rows = Image.objects.in_workspace(task.workspace).present().filter(pk__in=ids)
    images = {image.id: image for image in rows}
    present = {
        similarity_type: [member for member in rows if member.image_id in images]
        for similarity_type, rows in members.items()
    }
    return Snapshot(present, images)


def _members(similarity_type: SimilarityType) -> list[Member]:
    own = GroupImage.objects.filter(similarity_type=similarity_type, image__deleted__isnull=True)
    rows = own.order_by("group_id", "image_id").values_list(
        "image_id", "group_id", "group__test_group", "image__test_image"
    )
    found = [Member(image, group, in_test or marked) for image, group, in_test, marked in rows]
    holding = Group.objects.filter(similarity_type=similarity_type, groups_count__gt=0)
    for group in holding.order_by("id"):
        found.extend(_members_below(group))
    return found


def _members_below(group: Group) -> list[Member]:
    below = _groups_below(group)
    if not any(type_id != group.similarity_type_id for _, type_id in below):
        return []
    rows = GroupImage.objects.filter(
        group__in={group_id for group_id, _ in below}, image__deleted__isnull=True
    )
    marks: dict[UUID, bool] = {}
    for image_id, marked in rows.values_list("image_id", "image__test_image"):
        marks[image_id] = marked
    return [
        Member(image_id, group.id, group.test_group or marked)
        for image_id, marked in sorted(marks.items())
    ]


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


def training_set(version: Version, seen: Snapshot) -> TrainingSet:
    """Turn a snapshot into arrays; images without features are left out."""
    features = features_of(version.workspace, seen.images.keys(), version.encoder)
    numbers = {image_id: number for number, image_id in enumerate(sorted(features))}
    types = tuple(
        _type_data(similarity_type, members, features, numbers)
        for similarity_type, members in seen.members.items()
    )
    return TrainingSet(encoder=version.encoder, types=types, seed=version.seed)


def _type_data(
    similarity_type: SimilarityType,
    members: list[Member],
    features: dict[UUID, NDArray[np.float16]],
    numbers: dict[UUID, int],
) -> TypeData:
    members = [member for member in members if member.image_id in features]
    groups: defaultdict[UUID, int] = defaultdict(lambda: len(groups))
    return TypeData(
        key=str(similarity_type.id),
        name=similarity_type.name,
        features=np.stack([features[member.image_id] for member in members]),
        groups=np.array([groups[member.group_id] for member in members]),
        images=np.array([numbers[member.image_id] for member in members]),
        held_out=np.array([member.held_out for member in members]),
    )
