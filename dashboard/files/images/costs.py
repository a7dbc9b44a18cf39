"""Estimate from the header how much memory reading an image takes, to reserve it before decoding.

The bytes per pixel were measured, see docs/image-memory.md; tests/files/test_image_memory.py checks
them for every format. If they were too low, the budget would be exceeded.
"""

from typing import Final, NamedTuple

from PIL import ImageFile

from dashboard.files.images import jpeg, tiff, webp
from dashboard.files.images.pixels import scaled_size

# The bytes that Pillow stores per pixel; all other modes take four.
_HELD: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_FULL: Final = 4
# Interpreter, strips, rows of the writers, and what a decoder takes whatever the size.
_BASE: Final = 6 << 20
_WRITER_ROWS: Final = 6  # Pillow's PNG writer holds them to choose among its filters

# libwebp: its own pixels of a lossless image, and those of the alpha layer of a lossy one.
_WEBP_LOSSLESS: Final = 4.6
_WEBP_LAYER: Final = 6.0
_WEBP_BY_PILLOW: Final = 21.0
# libheif: planes of three full channels, two bytes each above 8 bits, libde265's notes about each
# block, and the rows that it returns.
_HEIF: Final = 9.0
_HEIF_DEEP: Final = 20.0
# Pillow's reader of packed bitmaps collects the indexes of all pixels before it makes an image.
_BMP_PACKED: Final = 2.2


class Asked(NamedTuple):
    """What is requested of an image: scaled to a shorter side or not; turned or not."""

    shorter_side: int | None = None
    is_turned: bool = False


def cost(file: ImageFile.ImageFile, data: bytes, asked: Asked) -> int:
    """Return the peak memory in bytes of reading this image."""
    width, height = file.size
    pixels = width * height
    small_width, small_height = scaled_size(file.size, asked.shorter_side)
    # Scaled in width first, then in height; and turned, which makes a copy.
    result = _FULL * small_width * (height + small_height * (2 if asked.is_turned else 1))
    if (small_width, small_height) == file.size:
        result = _FULL * pixels * (2 if asked.is_turned else 1)
    rows = _WRITER_ROWS * _FULL * small_width
    return int(_decoding(file, data, pixels)) + result + rows + 2 * len(data) + _BASE


def _decoding(file: ImageFile.ImageFile, data: bytes, pixels: int) -> float:
    """Return the bytes of decoder and decoded image together."""
    held = _HELD.get(file.mode, _FULL) * pixels
    if file.format in ("JPEG", "MPO"):
        return held + jpeg.coefficients(data)
    if file.format == "WEBP":
        return _webp(data, pixels)
    if file.format == "HEIF":
        deep = int(file.info.get("bit_depth", 8)) > 8
        return (_HEIF_DEEP if deep else _HEIF) * pixels
    if file.format == "TIFF":
        return held * tiff.copies(file) + tiff.buffer(file)
    if file.format == "BMP":
        return held + _BMP_PACKED * pixels
    return held


def _webp(data: bytes, pixels: int) -> float:
    if not webp.can_decode():
        return _WEBP_BY_PILLOW * pixels
    frame = webp.first_frame(data)
    if frame is None or frame.is_lossless:
        return (_FULL + _WEBP_LOSSLESS) * pixels
    return (_FULL + (_WEBP_LAYER if frame.has_layer else 0)) * pixels
