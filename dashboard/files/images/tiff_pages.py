"""Choose the image of a TIFF: cameras put a small preview first, and raw data behind.

The first page counts, unless it is a preview: marked as one, or small and of the same shape as a
far larger page. Otherwise the largest full page that Pillow can read counts. In a camera's raw file
that is mostly a JPEG that the camera made; if only a preview can be read, the file is refused.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from PIL import Image

from dashboard.files.errors import CameraRaw, UnreadableImage
from dashboard.files.images import jpeg

_HEADS: Final = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}
# Bytes of each type of number, by its code in TIFF 6.0 and BigTIFF.
_SIZES: Final = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8}
_FORMS: Final = {1: "B", 3: "H", 4: "L", 13: "L", 16: "Q", 18: "Q"}
_MOST_PAGES: Final = 64
_MOST_ENTRIES: Final = 1024
_MOST_NUMBERS: Final = 64

_REDUCED, _OLD_REDUCED, _WIDTH, _HEIGHT, _COMPRESSION = 0xFE, 0xFF, 0x100, 0x101, 0x103
_PHOTOMETRIC, _OFFSETS, _ORIENTATION, _LENGTHS = 0x106, 0x111, 0x112, 0x117
_PAGES_WITHIN, _JPEG_AT, _JPEG_SIZE = 0x14A, 0x201, 0x202
_JPEG_TABLES, _PROFILE, _DNG = 0x15B, 0x8773, 0xC612
_TOLD: Final = frozenset(
    {
        *(_REDUCED, _OLD_REDUCED, _WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _OFFSETS),
        *(_ORIENTATION, _LENGTHS, _PAGES_WITHIN, _JPEG_AT, _JPEG_SIZE, _DNG),
    }
)
_RAW_COLOURS: Final = (32803, 34892)  # a filter's pattern, or sums of it
_RAW_PACKINGS: Final = (32767, 32769, 32770, 34713, 34892, 65000, 65535)
_CR2: Final = b"CR"
# Thumbnails of cameras have at most this side; a larger image that is nearly as large as the raw
# data is the whole image, without a border.
_THUMBNAIL: Final = 320
_PREVIEW: Final = 640
_NEARLY: Final = 0.8


@dataclass
class _Page:
    order: str
    is_big: bool
    numbers: dict[int, tuple[int, ...]] = field(default_factory=dict)
    entries: dict[int, bytes] = field(default_factory=dict)
    after: int = 0

    def first(self, tag: int, otherwise: int = 0) -> int:
        return next(iter(self.numbers.get(tag, ())), otherwise)

    @property
    def size(self) -> tuple[int, int]:
        return self.first(_WIDTH), self.first(_HEIGHT)

    @property
    def is_reduced(self) -> bool:
        return bool(self.first(_REDUCED) & 1) or self.first(_OLD_REDUCED) == 2

    @property
    def is_mask(self) -> bool:
        return bool(self.first(_REDUCED) & 4)

    @property
    def is_raw(self) -> bool:
        is_packed = self.first(_COMPRESSION) in _RAW_PACKINGS
        return self.first(_PHOTOMETRIC) in _RAW_COLOURS or is_packed


class _Picture(NamedTuple):
    """A candidate for the image, not yet copied."""

    size: tuple[int, int]
    page: _Page
    is_jpeg: bool

    @property
    def area(self) -> int:
        return self.size[0] * self.size[1]


def picture_of(data: bytes) -> bytes:
    """Return a file with one image of a TIFF; the TIFF itself if its first page counts.

    Raises CameraRaw, and UnreadableImage if only a preview can be read.
    """
    pages = [page for page in _pages(data) if not page.is_mask]
    if not pages:
        return data
    is_raw = data[8:10] == _CR2 or any(page.is_raw or _DNG in page.numbers for page in pages)
    others = [page for page in pages[1:] if _stands_behind(pages[0], page)]
    if not is_raw and not others:
        return data
    if is_raw:
        made = _largest(
            data, pages[0], pages, max(_raw_area(data, page) for page in pages), _THUMBNAIL
        )
    else:
        made = _largest(data, pages[0], others, max(_area(page) for page in others))
    if made is not None:
        return made
    if is_raw:
        raise CameraRaw
    raise UnreadableImage(
        "Only a small preview of this image can be read. Save it again as JPEG or PNG."
    )


def _largest(
    data: bytes, first: _Page, pages: list[_Page], area: int, longer: int = 0
) -> bytes | None:
    """Return the largest readable image that has nearly `area` pixels, or None."""
    for found in sorted(_possible(data, pages), key=lambda one: one.area, reverse=True):
        if found.area < _NEARLY * area or max(found.size) <= longer:
            return None
        made = _made(data, first, found)
        if found.is_jpeg or _opens(made):
            return made
    return None


def _area(page: _Page) -> int:
    return page.size[0] * page.size[1]


def _raw_area(data: bytes, page: _Page) -> int:
    """Return the pixels of raw data; Canon writes the size only in the data."""
    width, height = jpeg.frame_size(_only_strip(data, page, _OFFSETS, _LENGTHS), is_lossless=True)
    return max(width * height, _area(page) if page.is_raw else 0)


def _stands_behind(first: _Page, page: _Page) -> bool:
    """Return whether the first page is only a preview of this one."""
    if page.is_reduced:
        return False
    if first.is_reduced:
        return _area(page) > 0
    (width, height), (wide, high) = first.size, page.size
    if not 0 < max(width, height) <= _PREVIEW or wide < 2 * width or high < 2 * height:
        return False
    return abs(wide * height - high * width) <= 0.05 * wide * height


def _possible(data: bytes, pages: list[_Page]) -> Iterator[_Picture]:
    for page in pages:
        inner = _inner_jpeg(data, page)
        if inner is not None:
            yield _Picture(jpeg.frame_size(inner), page, is_jpeg=True)
        elif not page.is_raw:
            yield _Picture(page.size, page, is_jpeg=False)


def _made(data: bytes, first: _Page, found: _Picture) -> bytes:
    """Return a file with one image, turned as the first page says."""
    inner = _inner_jpeg(data, found.page) if found.is_jpeg else None
    if inner is None:
        return _alone(data, first, found.page)
    return _turned(inner, first.first(_ORIENTATION, 1))


def _opens(data: bytes) -> bool:
    try:
        Image.open(io.BytesIO(data), formats=("TIFF",))
    except Exception:  # noqa: BLE001  # whatever a reader of tags stumbles over
        return False
    return True


def _inner_jpeg(data: bytes, page: _Page) -> bytes | None:
    """Return the JPEG that a page consists of, or that is stored beside it."""
    if page.first(_PHOTOMETRIC) in _RAW_COLOURS or _JPEG_TABLES in page.entries:
        return None
    for names in ((_JPEG_AT, _JPEG_SIZE), (_OFFSETS, _LENGTHS)):
        inner = _only_strip(data, page, *names)
        if all(jpeg.frame_size(inner)):
            return inner
    return None


def _only_strip(data: bytes, page: _Page, at: int, size: int) -> bytes:
    places, sizes = page.numbers.get(at, ()), page.numbers.get(size, ())
    return data[places[0] : places[0] + sizes[0]] if len(places) == len(sizes) == 1 else b""


def _turned(data: bytes, orientation: int) -> bytes:
    """Return a JPEG with its orientation in EXIF, unless it already has EXIF."""
    if orientation == 1 or b"Exif\0\0" in data[:1024]:
        return data
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    body = exif.tobytes()
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def _alone(data: bytes, first: _Page, page: _Page) -> bytes:
    """Return the file with this page alone, with the first page's orientation and profile."""
    entries = {tag: one for tag, one in page.entries.items() if tag != _PAGES_WITHIN}
    for tag in (_ORIENTATION, _PROFILE):
        if tag in first.entries:
            entries.setdefault(tag, first.entries[tag])
    padding = bytes(-len(data) % 8)
    place = len(data) + len(padding)
    count, number = ("Q", "Q") if page.is_big else ("H", "L")
    body = struct.pack(page.order + count, len(entries))
    body += b"".join(entries[tag] for tag in sorted(entries)) + bytes(8)
    head = data[:8] if page.is_big else data[:4]
    head += struct.pack(page.order + number, place)
    return head + data[len(head) :] + padding + body


def _pages(data: bytes) -> Iterator[_Page]:
    """Yield the pages of a TIFF, each followed by its inner pages."""
    order = _HEADS.get(data[:4])
    if order is None:
        return
    is_big = data[2:3] == b"+" or data[3:4] == b"+"
    waiting = [_number(data, 8 if is_big else 4, order + ("Q" if is_big else "L"))]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_PAGES:
        place = waiting.pop(0)
        if place in seen or not 8 <= place < len(data):
            continue
        seen.add(place)
        page = _page(data, place, _Page(order, is_big))
        yield page
        waiting = [*page.numbers.get(_PAGES_WITHIN, ()), page.after, *waiting]


def _page(data: bytes, place: int, page: _Page) -> _Page:
    """Read the entries of a page."""
    count = _number(data, place, page.order + ("Q" if page.is_big else "H"))
    size, head = (20, 8) if page.is_big else (12, 2)
    place += head
    for at in range(place, place + min(count, _MOST_ENTRIES) * size, size):
        entry = data[at : at + size]
        if len(entry) < size:
            break
        tag = _number(entry, 0, page.order + "H")
        page.entries[tag] = entry
        if tag in _TOLD:
            page.numbers[tag] = _numbers(data, entry, page)
    page.after = _number(data, place + count * size, page.order + ("Q" if page.is_big else "L"))
    return page


def _numbers(data: bytes, entry: bytes, page: _Page) -> tuple[int, ...]:
    kind = _number(entry, 2, page.order + "H")
    count = _number(entry, 4, page.order + ("Q" if page.is_big else "L"))
    form, size = _FORMS.get(kind), _SIZES.get(kind, 0)
    body = entry[12:] if page.is_big else entry[8:]
    if form is None or count > _MOST_NUMBERS:
        return ()
    if count * size > len(body):
        place = _number(body, 0, page.order + ("Q" if page.is_big else "L"))
        body = data[place : place + count * size]
    if len(body) < count * size:
        return ()
    return struct.unpack_from(f"{page.order}{count}{form}", body)


def _number(data: bytes, place: int, form: str) -> int:
    try:
        return int(struct.unpack_from(form, data, place)[0])
    except struct.error:
        return 0
