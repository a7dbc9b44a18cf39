"""Pictures that the tests draw for themselves."""

import io
import struct
import zlib

from PIL import Image, ImageDraw

from dashboard.files.limits import ImageLimits

LIMITS = ImageLimits()


def drawing(width=90, height=60, mode="RGB"):
    """Draw something without symmetry: no two turns of it look alike."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, width // 3, height // 4), fill=(220, 30, 40))
    pen.ellipse((width // 2, height // 3, width - 5, height - 5), fill=(20, 90, 200))
    pen.line((0, height - 1, width // 2, height // 2), fill=(250, 240, 10), width=3)
    return image.convert(mode)


def encoded(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(width=90, height=60, **options):
    return encoded(drawing(width, height), "JPEG", **{"quality": 90, **options})


def exif(orientation=1):
    """Return EXIF with an orientation and something private."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "SecretCamera"
    return tags.tobytes()


def png_header(width, height):
    """Return a PNG that claims a size and has hardly any pixels."""

    def chunk(name, body):
        checksum = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def distance(one, other):
    """Return how far two pictures of one size are apart: the mean difference, 0 to 255."""
    assert one.size == other.size
    assert one.mode == other.mode
    pairs = zip(one.tobytes(), other.tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / len(one.tobytes())
