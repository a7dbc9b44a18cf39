"""Read pages of the grid: images with everything that a tile shows, already rendered."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from django.db.models import Exists, OuterRef
from django.utils.safestring import SafeString

from accounts.models import Workspace
from dashboard.files.images.images import THUMBNAIL_SIDE
from dashboard.models import Group, GroupImage, Image, SimilarityType
from dashboard.models.images import ImageQuerySet
from dashboard.queries.library.groups import members_of
from dashboard.queries.library.images import images_in
from dashboard.queries.library.links import ImageLinks
from dashboard.queries.names import holding
from dashboard.queries.pages import page


class Tile(TypedDict):
    """An image of the grid; `picture` has the attributes of its `img`.

    `cover` has the same with an empty alt text, where the name of the group says enough. All values
    are escaped. A mapping with few entries, because a page has sixty tiles and a template's cost is
    its lookups.
    """

    id: SafeString
    url: SafeString
    name: SafeString
    picture: SafeString
    cover: SafeString
    is_test: bool


@dataclass(frozen=True)
class TilePage:
    """Tiles of one page, and the cursor of the next (empty at the end)."""

    tiles: list[Tile]
    next: str


@dataclass(frozen=True)
class ImageFilter:
    """Which images of a workspace: all of them, or those that pass every filter that is set."""

    test: bool = False
    without_type: SimilarityType | None = None
    group: Group | None = None
    search: str = ""


def tile_page(workspace: Workspace, wanted: ImageFilter, cursor: str = "") -> TilePage:
    """Read one page of the wanted images, newest first. Raises `BadCursor`."""
    # Only the group: then its own index has the order. With other filters the images lead.
    if wanted.group is not None and wanted == ImageFilter(group=wanted.group):
        return _page_of_group(wanted.group, cursor)
    found = page(filtered_images(workspace, wanted), cursor)
    return TilePage(tiles(found.rows), found.next)


def filtered_images(workspace: Workspace, wanted: ImageFilter) -> ImageQuerySet:
    """Return the images that pass every filter, for the grid and for extractions."""
    rows = images_in(workspace)
    if wanted.group is not None:
        rows = rows.filter(pk__in=GroupImage.objects.filter(group=wanted.group).values("image"))
    if wanted.search:
        rows = holding(rows, "file_name", wanted.search)
    if wanted.test:
        # Not `=True`, which becomes a bare column on SQLite and then scans every row.
        rows = rows.filter(test_image__in=[True])
    if wanted.without_type is not None:
        rows = without_group(rows, wanted.without_type)
    return rows


def without_group(rows: ImageQuerySet, similarity_type: SimilarityType) -> ImageQuerySet:
    """Keep the images that are in no group of the type, with one index lookup per image."""
    # `image_created` is redundant for the result. With it the condition is a prefix of
    # `type_images_recent`, in the same order as the page.
    members = GroupImage.objects.filter(
        similarity_type=similarity_type, image_created=OuterRef("created"), image=OuterRef("pk")
    )
    return rows.filter(~Exists(members))


def tiles(images: Sequence[Image]) -> list[Tile]:
    """Return the tiles of images, all of one workspace."""
    if not images:
        return []
    links = ImageLinks(images[0].workspace_id)
    return [_tile(image, links) for image in images]


def tile(image: Image) -> Tile:
    """Return the tile of one image."""
    return _tile(image, ImageLinks(image.workspace_id))


def _tile(image: Image, links: ImageLinks) -> Tile:
    width, height = thumbnail_size(image)
    key = str(image.id)
    name = html.escape(image.file_name or "Unnamed image")
    # The strings below are marked safe, so everything in them is escaped here: the name by
    # `html.escape`, the rest is ids and numbers.
    source = links.thumbnail(key).replace("&", "&amp;")  # the rest needs no escaping
    shown = f'src="{source}" width="{width}" height="{height}"'
    return Tile(
        id=SafeString(key),
        url=SafeString(links.page(key)),
        name=SafeString(name),
        picture=SafeString(f'{shown} alt="{name}"'),
        cover=SafeString(f'{shown} alt=""'),
        is_test=image.test_image,
    )


def thumbnail_size(image: Image) -> tuple[int, int]:
    """Return the thumbnail's width and height in pixels, so that a page can reserve its space."""
    scale = min(1.0, THUMBNAIL_SIDE / max(image.width, image.height))
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def _page_of_group(group: Group, cursor: str) -> TilePage:
    """Read the group's rows, whose index has the order of the images."""
    found = page(members_of(group), cursor, created="image_created", key="image_id")
    return TilePage(tiles([row.image for row in found.rows]), found.next)
