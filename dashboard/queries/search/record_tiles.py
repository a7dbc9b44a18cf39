"""Prepare records for pages: with the workspace's image, if the key is the id of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from dashboard.models import Collection, Record
from dashboard.queries.library.image_tiles import Tile, tiles
from dashboard.queries.library.images import images_in

LETTERS_SHOWN = 500


@dataclass(frozen=True)
class RecordTile:
    """A record's key, its fields as JSON, its image if the workspace has it, and its URL."""

    key: str
    fields: str
    tile: Tile | None
    url: str

    @property
    def name(self) -> str:
        """Return a name for people: the image's file name, or the key."""
        return self.tile["name"] if self.tile else self.key


def record_tiles(collection: Collection, rows: Sequence[Record]) -> list[RecordTile]:
    """Prepare records, with one query for their images."""
    ids = {row.key: found for row in rows if (found := _as_id(row.key)) is not None}
    images = images_in(collection.workspace).in_bulk(list(ids.values()))
    shown = {str(one["id"]): one for one in tiles(list(images.values()))}
    return [RecordTile(row.key, _shortened(row), shown.get(row.key), _address(row)) for row in rows]


def _as_id(key: str) -> UUID | None:
    try:
        found = UUID(key)
    except ValueError:
        return None
    # `UUID` also accepts braces and capitals. Such a key is the client's own, not an image.
    return found if str(found) == key else None


def _shortened(row: Record) -> str:
    text = orjson.dumps(row.fields).decode() if row.fields else ""
    return text if len(text) <= LETTERS_SHOWN else f"{text[:LETTERS_SHOWN]}…"


def _address(row: Record) -> str:
    """Return the URL that the image came from, if it is safe to link to."""
    url = row.fields.get("_url")
    # Fields come from clients: a `javascript:` URL would run in the page when it is clicked.
    return url if isinstance(url, str) and url.startswith(("http://", "https://")) else ""
