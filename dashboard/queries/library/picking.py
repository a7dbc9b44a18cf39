"""Read what can be added to a group: images and groups that are not in it."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from dashboard.models import Group, GroupImage, GroupNesting
from dashboard.models.images import ImageQuerySet
from dashboard.queries.library.groups import find_groups
from dashboard.queries.library.image_tiles import TilePage, tiles, without_group
from dashboard.queries.library.images import images_in
from dashboard.queries.names import holding
from dashboard.queries.pages import page


@dataclass(frozen=True)
class Wanted:
    """Which images to pick from; `ungrouped` are those in no group of the group's type."""

    search: str = ""
    ungrouped: bool = False
    test: bool = False


def pickable_images(group: Group, wanted: Wanted, cursor: str = "") -> TilePage:
    """Read one page of the workspace's images that are not in the group. Raises `BadCursor`."""
    rows = images_in(group.workspace)
    similarity_type = group.similarity_type
    rows = without_group(rows, similarity_type) if wanted.ungrouped else _outside(rows, group)
    if wanted.test:
        # A list because of SQLite, see `filtered_images`.
        rows = rows.filter(test_image__in=[True])
    named = holding(rows, "file_name", wanted.search) if wanted.search else rows
    found = page(named, cursor)
    return TilePage(tiles(found.rows), found.next)


def _outside(rows: ImageQuerySet, group: Group) -> ImageQuerySet:
    members = GroupImage.objects.filter(
        group=group, image_created=OuterRef("created"), image=OuterRef("pk")
    )
    return rows.filter(~Exists(members))


def pickable_groups(group: Group, name: str = "") -> QuerySet[Group]:
    """Return the workspace's other groups that are not directly in this one, by name."""
    rows = find_groups(group.workspace, name=name).exclude(pk=group.pk)
    inside = GroupNesting.objects.filter(parent=group, child=OuterRef("pk"))
    return rows.filter(~Exists(inside)).order_by("name", "id")
