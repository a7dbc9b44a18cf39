"""Render the tiles of a grid: sixty per page, whose cost the lookups of a template would double.

Everything in a `Tile` is escaped when it is created, so nothing is escaped again here.
"""

from collections.abc import Iterable

from django.utils.safestring import SafeString

from dashboard.queries.library.image_tiles import Tile

_TICK = (
    '<label class="tile-check">'
    '<input type="checkbox" name="ids" value="{id}" aria-label="Select {name}"%s></label>'
)
_TEST = '<span class="tile-badges"><span class="tile-badge">Test</span></span>'
_TILE = (
    '<a class="tile-picture" href="{url}"><img {picture} loading="lazy" decoding="async">%s</a>'
    '<div class="tile-caption" aria-hidden="true"><span>{name}</span></div></li>\n'
)


def tile_items(tiles: Iterable[Tile], *, can_tick: bool, ticked: bool = False) -> SafeString:
    """Return the list items of the tiles, each with a checkbox if the person may change it."""
    box = _TICK % (" checked" if ticked else "") if can_tick else ""
    start = f'<li class="tile">{box}'
    plain, marked = start + _TILE % "", start + _TILE % _TEST
    return SafeString(
        "".join([(marked if tile["is_test"] else plain).format(**tile) for tile in tiles])
    )
