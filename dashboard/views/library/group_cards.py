"""Prepare groups for lists."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.words import counted
from dashboard.models import Group
from dashboard.queries.library.image_tiles import Tile, tiles
from dashboard.queries.library.nesting import covers_of_all

COVERS = 4


@dataclass(frozen=True)
class GroupCard:
    """A group in a list; `room` has an item for each cover that it lacks."""

    group: Group
    covers: list[Tile]
    room: range

    @property
    def holds(self) -> str:
        """Return how many members it has."""
        group = self.group
        if group.groups_count:
            return counted(group.groups_count, "group")
        images = counted(group.images_count, "image")
        return (
            f"{images} · {counted(group.regions_count, 'region')}"
            if group.regions_count
            else images
        )


def group_cards(groups: Sequence[Group]) -> list[GroupCard]:
    """Prepare the groups of a page, each with its newest images."""
    found = covers_of_all(groups, COVERS)
    return [
        GroupCard(
            group,
            tiles([member.image for member in found[group.pk]]),
            range(COVERS - len(found[group.pk])),
        )
        for group in groups
    ]
