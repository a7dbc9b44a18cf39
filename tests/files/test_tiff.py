"""What a TIFF says of itself may not take more memory than its pixels."""

import struct
import tracemalloc

import pytest
from PIL import Image, PngImagePlugin

from dashboard.files.errors import SideTooLong, UnreadableImage
from dashboard.files.images import images, tiff
from dashboard.files.limits import ImageLimits
from tests.files.pictures import LIMITS, drawing, encoded, png_header


def of_many_strips(count: int) -> bytes:
    """An uncompressed image of one column and so many rows, each a strip at the same place."""
    offsets = 8 + 2 + 12 * 9 + 4
    numbers = {
        256: (1, 1),
        257: (1, count),
        258: (1, 8),
        259: (1, 1),
        262: (1, 1),
        273: (count, offsets),
        277: (1, 1),
        278: (1, 1),
        279: (count, offsets + 4 * count),
    }
    folder = struct.pack("<H", len(numbers))
    for name, (many, value) in numbers.items():
        folder += struct.pack("<HHLL", name, 4, many, value)
    lists = struct.pack("<L", 8) * count + struct.pack("<L", 1) * count
    return b"II*\x00" + struct.pack("<L", 8) + folder + bytes(4) + lists


def test_it_works() -> None:
    assert images.prepare(of_many_strips(1000), limits=LIMITS).height == 1000
    assert not tiff.has_too_many_values(encoded(drawing(), "TIFF"))
    assert not tiff.has_too_many_values(encoded(drawing(), "PNG"))


def test_millions_of_strips_are_refused_before_they_are_objects() -> None:
    """A file of 16 MB took a gigabyte before it was known how many pixels it has."""
    data = of_many_strips(2_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableImage, match="too much metadata"):
            images.inspect(data, LIMITS)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_tile_is_no_larger_than_an_image_may_be() -> None:
    """An image of 90 × 60 in a tile of a hundred times as many pixels: all would be decoded."""
    data = bytearray(encoded(drawing(96, 64), "TIFF", compression="tiff_adobe_deflate"))
    # Rows of a strip become the width of a tile, and where the strip lies its length.
    order = "<"
    place = struct.unpack_from(order + "L", data, 4)[0]
    count = struct.unpack_from(order + "H", data, place)[0]
    for number in range(count):
        at = place + 2 + 12 * number
        name = struct.unpack_from(order + "H", data, at)[0]
        if name == 278:  # RowsPerStrip
            struct.pack_into(order + "HHLL", data, at, 322, 4, 1, 4096)
        elif name == 279:  # StripByteCounts
            struct.pack_into(order + "HHLL", data, at, 323, 4, 1, 4096)
    with pytest.raises(UnreadableImage, match="tiles that are larger"):
        images.inspect(bytes(data), ImageLimits(pixels=1_000_000))


@pytest.mark.parametrize("head", [b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"])
def test_folders_that_point_at_themselves_end(head: bytes) -> None:
    for tail in (b"", b"\x08\x00\x00\x00", bytes(60), b"\xff" * 300, b"\x08" * 300):
        assert tiff.has_too_many_values(head + tail) in (True, False)


@pytest.mark.parametrize("size", [(1_000_001, 1), (1, 1_000_001)])
def test_a_side_is_not_endless(size: tuple[int, int]) -> None:
    """The writer of a PNG holds six rows: of fifty million pixels each they are a gigabyte."""
    with pytest.raises(SideTooLong, match="the limit for one side is 1,000,000"):
        images.inspect(png_header(*size), LIMITS)
    assert images.inspect(png_header(1_000_000, 1), LIMITS).width == 1_000_000


def test_comments_do_not_fill_the_memory() -> None:
    """Pillow holds up to 64 MB of a PNG's comments, ten times as much in ten threads."""
    comments = PngImagePlugin.PngInfo()
    for number in range(20):
        comments.add_text(f"comment {number}", "x" * 1_000_000, zip=True)
    data = encoded(Image.new("RGB", (9, 9)), "PNG", pnginfo=comments)
    assert len(data) < 50_000
    tracemalloc.start()
    try:
        assert images.prepare(data, limits=LIMITS).width == 9
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
