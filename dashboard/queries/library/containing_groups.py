"""Find the groups that contain images, to show them before the images are changed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count

from accounts.models import Workspace
from dashboard.models import Group, GroupImage, Image
from dashboard.queries.library.image_tiles import Tile, tiles
from dashboard.queries.library.images import images_in

NAMED = 3
SHOWN = 8


@dataclass(frozen=True)
class Holder:
    """A group, and how many of the images it contains."""

    name: str
    count: int


@dataclass(frozen=True)
class Pictured:
    """An image as a tile, with its group's name if the tiles are of several groups."""

    tile: Tile
    group: str = ""


@dataclass(frozen=True)
class Containment:
    """How many of the images are in groups, some of these groups, and some of the images.

    `more_groups` and `more` are the numbers of groups and images that are not listed.
    """

    count: int
    holders: list[Holder]
    more_groups: int
    shown: list[Pictured]
    more: int


def present(workspace: Workspace, ids: Collection[UUID]) -> list[UUID]:
    """Return the ids that are images of the workspace, newest first."""
    rows = images_in(workspace).filter(pk__in=ids).order_by("-created", "-id")
    return list(rows.values_list("pk", flat=True))


def tiles_of(workspace: Workspace, ids: Collection[UUID], most: int) -> list[Tile]:
    """Return the newest of these images as tiles."""
    return tiles(list(images_in(workspace).filter(pk__in=ids).order_by("-created", "-id")[:most]))


def containing_groups(workspace: Workspace, ids: Collection[UUID]) -> Containment:
    """Return the groups that contain these images, and tiles of the newest images."""
    rows = GroupImage.objects.filter(group__workspace=workspace, image__in=ids)
    # Distinct images: an image in three groups is one image in the sentence.
    count = rows.values("image").distinct().count()
    shown = [Pictured(one) for one in tiles_of(workspace, ids, SHOWN)]
    return _containment(rows, count, shown, len(ids) - len(shown))


def taken(into: Group, ids: Collection[UUID]) -> Containment:
    """Return the other groups of the type that contain these images, and tiles of those images.

    `into` need not exist: its creation may have been rolled back.
    """
    rows = GroupImage.objects.filter(similarity_type=into.similarity_type_id, image__in=ids)
    rows = rows.filter(group__workspace=into.workspace_id).exclude(group=into.pk)
    found = list(rows.values_list("image", "group", "group__name"))
    there = {image: name for image, _, name in found}
    several = len({group for _, group, _ in found}) > 1
    pictured = Image.objects.present().filter(pk__in=there)
    images = list(pictured.order_by("-created", "-id")[:SHOWN])
    shown = [
        Pictured(one, there[image.pk] if several else "")
        for image, one in zip(images, tiles(images), strict=True)
    ]
    return _containment(rows, len(there), shown, max(0, len(there) - SHOWN))


def _containment(rows: Any, count: int, shown: list[Pictured], without: int) -> Containment:
    groups = rows.order_by().values_list("group", "group__name").annotate(count=Count("id"))
    found = groups.order_by("-count", "group__name", "group")
    named = [Holder(name, number) for _, name, number in found[:NAMED]]
    more = 0
    # Fewer names than the limit means that there are no more: no need to count.
    if len(named) == NAMED:
        more = rows.order_by().values("group").distinct().count() - NAMED
    return Containment(count, named, more, shown, without)


def groups_of_images(ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the names of each image's groups, sorted by name; images of one workspace."""
    found: dict[UUID, list[str]] = {key: [] for key in ids}
    rows = GroupImage.objects.filter(image__in=found).order_by("group__name", "group")
    for image, name in rows.values_list("image", "group__name"):
        found[image].append(name)
    return found
