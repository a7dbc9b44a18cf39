"""Images by a part of their file name."""

from accounts.models import Workspace
from dashboard.models.images import ImageQuerySet
from dashboard.queries.image_tiles import Chosen, TilePage, tile_page, tiles, without_group
from dashboard.queries.images import images_in, images_of_group
from dashboard.queries.names import holding
from dashboard.queries.pages import page


def named_page(workspace: Workspace, chosen: Chosen, name: str, cursor: str = "") -> TilePage:
    """Read one page of the chosen images whose file name holds `name`; raises `BadCursor`.

    Without a name the page is read as the grid reads it, by an index that has its order.
    """
    if not name:
        return tile_page(workspace, chosen, cursor)
    found = page(holding(_rows(workspace, chosen), "file_name", name), cursor)
    return TilePage(tiles(found.rows), found.next)


def _rows(workspace: Workspace, chosen: Chosen) -> ImageQuerySet:
    if chosen.group is not None:
        return images_of_group(chosen.group)
    rows = images_in(workspace)
    if chosen.test:
        rows = rows.filter(test_image__in=[True])
    if chosen.without_type is not None:
        rows = without_group(rows, chosen.without_type)
    return rows
