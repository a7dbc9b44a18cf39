"""Turn a snapshot into the arrays of a training: the only border between rows and arrays."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.training_set import TrainingSet, TypeData
from dashboard.models import Image, Region, SimilarityType, Version
from dashboard.queries.training.features import features_of, features_of_regions
from dashboard.queries.training.snapshots import Member, Snapshot

Box: TypeAlias = tuple[int, int, int, int]
SAME_PIXELS = 0.5  # overlap, as a share of the smaller box, above which two boxes show the same


def training_set(version: Version, seen: Snapshot) -> TrainingSet:
    """Turn a snapshot into arrays; members without features are skipped."""
    features = features_of(version.workspace, seen.images.keys(), version.encoder)
    features |= features_of_regions(version.workspace, seen.regions.values(), version.encoder)
    types = tuple(
        _type_data(similarity_type, members, features, seen)
        for similarity_type, members in seen.members.items()
    )
    return TrainingSet(encoder=version.encoder, types=types, seed=version.seed)


def learned_groups(seen: Snapshot, kept: Mapping[str, Any]) -> dict[str, set[int]]:
    """Return the numbers of the groups that another version was trained on, by the type's key.

    `kept` is the other version's `Snapshot.as_json`. A group counts if the other was trained on any
    of its members, in whatever group they were then.
    """
    found: dict[str, set[int]] = {}
    for similarity_type, members in seen.members.items():
        key, groups = str(similarity_type.id), _group_numbers(members)
        trained = {one for _, one, held_out in kept["types"].get(key, []) if not held_out}
        found[key] = {groups[member.group_id] for member in members if str(member.id) in trained}
    return found


def _type_data(
    similarity_type: SimilarityType,
    members: list[Member],
    features: dict[UUID, NDArray[np.float16]],
    seen: Snapshot,
) -> TypeData:
    groups = _group_numbers(members)
    # After the groups are numbered: `learned_groups` numbers all members, and both must agree.
    members = [member for member in members if member.id in features]
    ids = {member.id for member in members}
    numbers = _numbers(
        [seen.images[one] for one in sorted(ids & seen.images.keys())],
        [seen.regions[one] for one in sorted(ids & seen.regions.keys())],
    )
    return TypeData(
        key=str(similarity_type.id),
        name=similarity_type.name,
        features=np.stack([features[member.id] for member in members]),
        groups=np.array([groups[member.group_id] for member in members]),
        images=np.array([numbers[member.id] for member in members]),
        held_out=np.array([member.held_out for member in members]),
        blocks=_block_numbers(members, seen.blocks.get(similarity_type)),
    )


def _block_numbers(
    members: Iterable[Member], values: Mapping[UUID, str] | None
) -> NDArray[np.int64] | None:
    """Assign numbers to the values that the type is folded by, (n,); -1: no value."""
    if not values:
        return None
    known = {value: number for number, value in enumerate(sorted(set(values.values())))}
    numbers = [known.get(values.get(member.id, ""), -1) for member in members]
    return np.array(numbers, np.int64)


def _group_numbers(members: Iterable[Member]) -> dict[UUID, int]:
    """Assign numbers to the groups in the order in which they first appear."""
    groups: defaultdict[UUID, int] = defaultdict(lambda: len(groups))
    return {member.group_id: groups[member.group_id] for member in members}


def _numbers(images: Iterable[Image], regions: Iterable[Region]) -> dict[UUID, int]:
    """Assign numbers to the members; a region is an image of its own, unless pixels are shared.

    A region whose box mostly overlaps that of another member, or the whole image if that is a
    member, gets the same number: neither is a result for the other, and both are trained on or
    neither.
    """
    numbers: dict[UUID, int] = {}
    placed: defaultdict[UUID, list[tuple[Box, int]]] = defaultdict(list)
    shown = [(image.id, image.id, (0, 0, image.width, image.height)) for image in images]
    shown += [(region.id, region.image_id, region.box) for region in regions]
    for one, image_id, box in shown:
        others = placed[image_id]
        same = next((number for other, number in others if _overlap(box, other)), len(numbers))
        others.append((box, same))
        numbers[one] = same
    return numbers


def _overlap(first: Box, second: Box) -> bool:
    common = _area(
        (
            max(first[0], second[0]),
            max(first[1], second[1]),
            min(first[2], second[2]),
            min(first[3], second[3]),
        )
    )
    return common > SAME_PIXELS * min(_area(first), _area(second))


def _area(box: Box) -> int:
    left, top, right, bottom = box
    return max(0, right - left) * max(0, bottom - top)
