import struct
import zlib

import pytest
from PIL import Image

from dashboard.files.errors import (
    UnreadableImage,
)
from dashboard.files.images import images
from tests.files.pictures import (
    LIMITS,
    distance,
    drawing,
    encoded,
    opened,
    png_header,
)


def prepare(data, **options):
    return images.prepare(data, limits=LIMITS, **options)


def decode(data, **options):
    return images.decode(data, limits=LIMITS, **options)


def test_cmyk_jpeg():
    data = encoded(drawing().convert("CMYK"), quality=95)
    assert distance(decode(data), drawing()) < 12
    assert opened(prepare(data).stored).mode == "RGB"


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "I;16"), ("TIFF", "I;16"), ("TIFF", "I;16B")])
def test_16_bits_grey(kind, mode):
    deep = Image.new(mode, (4, 2), 0x80FF)
    assert decode(encoded(deep, kind)).getpixel((0, 0)) == (0x80, 0x80, 0x80)


def test_16_bits_colour():
    """Pillow does not write such a file, so it is put together here."""
    row = b"\x00" + b"\x10\xff\x80\x00\xff\xff" * 3
    data = png_header(3, 1).replace(b"\x08\x02\x00\x00\x00", b"\x10\x02\x00\x00\x00")
    data = data[:8] + _png_chunk(b"IHDR", data[16:29]) + _png_chunk(b"IDAT", row, pack=True)
    assert decode(data + _png_chunk(b"IEND", b"")).getpixel((2, 0)) == (0x10, 0x80, 0xFF)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_measurements_are_spread_over_the_greys(mode):
    image = Image.new(mode, (3, 1), 1000)
    image.putpixel((1, 0), 3000)
    image.putpixel((2, 0), 2000)
    data = encoded(image, "TIFF")
    assert [decode(data).getpixel((x, 0))[0] for x in range(3)] == [0, 255, 127]
    flat = encoded(Image.new(mode, (3, 1), 7), "TIFF")
    assert decode(flat).getpixel((0, 0)) == (0, 0, 0)


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(UnreadableImage, match="not colours"):
        decode(encoded(Image.new("F", (3, 1), float("inf")), "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_becomes_white(mode):
    clear = drawing().convert(mode)
    clear.putalpha(0)
    assert decode(encoded(clear, "PNG")).getextrema() == ((255, 255),) * 3


def test_a_transparent_palette_becomes_white():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    data = encoded(image, "PNG", transparency=b"\x00\x80")
    assert decode(data).getpixel((0, 0)) == (255, 255, 255)
    assert decode(data).getpixel((1, 0)) == pytest.approx((127, 127, 255), abs=1)
    assert decode(encoded(image, "GIF", transparency=0)).getpixel((0, 0)) == (255, 255, 255)


def test_a_transparent_colour_becomes_white():
    data = encoded(Image.new("RGB", (2, 2), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert decode(data).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_few_colours(mode, kind):
    image = drawing(mode="L").convert(mode)
    assert decode(encoded(image, kind)).tobytes() == image.convert("RGB").tobytes()


def test_grey_stays_one_channel():
    kept = prepare(encoded(drawing(900, 700, "L"), "PNG"))
    assert opened(kept.stored).mode == "L"
    assert opened(prepare(encoded(drawing(900, 700, "L"))).stored).mode == "L"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_frame_counts(kind):
    second = Image.new("RGB", (90, 60), "lime")
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(drawing(), kind, save_all=True, append_images=[second], **options)
    assert distance(decode(data), drawing()) < 12
    assert prepare(data).extension == "png"


def _png_chunk(name, body, pack=False):
    if pack:
        body = zlib.compress(body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
