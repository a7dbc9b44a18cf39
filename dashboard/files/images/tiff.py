"""Check the tags of a TIFF before Pillow reads it, which makes objects of all values.

Eight million offsets of strips, 32 MB, would become gigabytes of Python integers.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from PIL import Image, ImageFile

_HEADS: Final = {
    b"II*\x00": "<",
    b"MM\x00*": ">",
    b"II+\x00": "<",
    b"MM\x00+": ">",
}
_BIG: Final = (b"II+\x00", b"MM\x00+")
_FOLDERS: Final = (0x014A, 0x8769, 0x8825, 0xA005)  # tags whose value is a position of tags
_BYTES: Final = (1, 2, 6, 7)  # types whose values stay a string
_MOST_FOLDERS: Final = 64
# The most that scanners write is an offset and a size for each row.
MOST_VALUES: Final = 200_000

_WIDTH, _LENGTH, _ROWS, _ORIENTATION = 0x0100, 0x0101, 0x0116, 0x0112
_TILE_WIDTH, _TILE_LENGTH, _BITS, _SAMPLES = 0x0142, 0x0143, 0x0102, 0x0115
_COMPRESSION, _PHOTOMETRIC, _YCBCR = 0x0103, 0x0106, 6


class _Tag(NamedTuple):
    name: int
    kind: int
    values: int
    place: int  # the entry's content if the value is too long for it


def has_too_many_values(data: bytes) -> bool:
    """Return whether reading the tags alone would take far more memory than the file has."""
    return sum(tag.values for tag in _tags(data) if tag.kind not in _BYTES) > MOST_VALUES


def _tags(data: bytes) -> Iterator[_Tag]:
    """Yield the tags of all folders, as far as they can be read."""
    order = _HEADS.get(data[:4])
    if order is None:
        return
    is_big = data[:4] in _BIG
    waiting = [_number(data, 8 if is_big else 4, order + ("Q" if is_big else "L"))]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_FOLDERS:
        place = waiting.pop()
        # Folders may refer to each other in a cycle.
        if place in seen or not 0 < place < len(data):
            continue
        seen.add(place)
        for tag in _folder(data, place, order, is_big=is_big):
            yield tag
            if tag.name in _FOLDERS:
                waiting.append(tag.place)


def _folder(data: bytes, place: int, order: str, *, is_big: bool) -> Iterator[_Tag]:
    entry = struct.Struct(order + ("HHQQ" if is_big else "HHLL"))
    head = 8 if is_big else 2
    count = _number(data, place, order + ("Q" if is_big else "H"))
    for at in range(place + head, min(place + head + count * entry.size, len(data)), entry.size):
        if at + entry.size <= len(data):
            yield _Tag(*entry.unpack_from(data, at))


def _number(data: bytes, place: int, form: str) -> int:
    try:
        return int(struct.unpack_from(form, data, place)[0])
    except struct.error:
        return 0


def tile_size(file: ImageFile.ImageFile) -> tuple[int, int]:
    """Return width and height of the unit that libtiff decodes: a tile, or a strip of rows.

    A tile may be larger than the image, and is still decoded whole.
    """
    width, height = _first(file, _WIDTH, file.width), _first(file, _LENGTH, file.height)
    if (tile := _first(file, _TILE_WIDTH, 0)) > 0:
        return tile, max(1, _first(file, _TILE_LENGTH, height))
    return width, min(height, max(1, _first(file, _ROWS, height)))


def has_too_large_tiles(file: ImageFile.ImageFile, pixels: int) -> bool:
    """Return whether one tile has more pixels than an image may have."""
    width, height = tile_size(file)
    return width * height > pixels


def buffer(file: ImageFile.ImageFile) -> int:
    """Return the bytes of one decoded tile, as libtiff provides it to Pillow."""
    if _first(file, _COMPRESSION, 1) == 1:
        return 0  # Pillow reads it row by row
    width, height = tile_size(file)
    bits = max(8, max(_all(file, _BITS) or (8,)))
    # Images that libtiff converts to colours have four samples.
    samples = 4 if _first(file, _PHOTOMETRIC, 1) == _YCBCR else _first(file, _SAMPLES, 1)
    return width * height * samples * bits // 8


def copies(file: ImageFile.ImageFile) -> int:
    """Return how many images Pillow holds at once: it turns a TIFF right after decoding."""
    return 1 if _first(file, _ORIENTATION, 1) == 1 else 2


def _all(file: Image.Image, tag: int) -> tuple[int, ...]:
    values = getattr(file, "tag_v2", {}).get(tag, ())
    values = values if isinstance(values, tuple) else (values,)
    return tuple(int(value) for value in values if isinstance(value, int))


def _first(file: Image.Image, tag: int, otherwise: int) -> int:
    return next(iter(_all(file, tag)), otherwise)
