"""The one door through which Pillow gets to see bytes: which formats, how many pixels.

Everything here may run in several threads at once: Pillow gives up the interpreter lock while it
works, and nothing is shared. What Pillow must know for the whole process is set once, below.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import pillow_heif
from PIL import Image, ImageFile, UnidentifiedImageError

from . import jpeg, pixels
from .errors import ImageTooLarge, TooManyPixels, UnknownFormat, UnreadableImage
from .limits import MOST_PIXELS, ImageLimits

# Pillow knows forty formats more, some with an interpreter behind them (EPS); they are never asked.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF")
_PUBLIC_NAMES: Final = {"MPO": "JPEG", "HEIF": "HEIC"}
# What decoders raise for bytes that make no sense: fuzzing finds nearly everything.
_BROKEN: Final = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
    *(AttributeError, RuntimeError, MemoryError, struct.error, zlib.error),
)

Image.init()
pillow_heif.register_heif_opener()
# A second fence behind the check in `open_image`, in force for every other user of Pillow too.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what Pillow raises into a refusal."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels(MOST_PIXELS) from None
    except UnidentifiedImageError:
        raise UnknownFormat from None
    except _BROKEN as error:
        raise UnreadableImage from error


def open_image(data: bytes, limits: ImageLimits) -> ImageFile.ImageFile:
    """Read the header and judge it; no pixel is decoded yet.

    Raises UnreadableImage, ImageTooLarge, TooManyPixels.
    """
    if len(data) > limits.size:
        raise ImageTooLarge(limits.size, len(data))
    with refusing():
        file = Image.open(io.BytesIO(data), formats=_FORMATS)
    width, height = file.size
    if width * height > limits.pixels:
        raise TooManyPixels(limits.pixels, width, height)
    if is_jpeg(file) and jpeg.has_too_many_scans(data):
        raise UnreadableImage("The image is built of too many layers. Save it again and send that.")
    return file


def load_upright(file: ImageFile.ImageFile, shorter_side: int | None = None) -> Image.Image:
    """Decode to plain grey or RGB, scale the shorter side down to `shorter_side`, and turn.

    In this order the fewest pixels are moved.
    """
    with refusing():
        file.load()
        turn = pixels.orientation(file.getexif)
        picture = pixels.scaled(pixels.flatten(file), shorter_side)
        return pixels.upright(picture, turn)


def upright_size(file: ImageFile.ImageFile) -> tuple[int, int]:
    """Return width and height as they are once the picture is turned, from the header alone."""
    width, height = file.size
    # Pillow turns TIFF by itself. PNG's own getexif would decode the picture to look behind it.
    read_exif = partial(Image.Image.getexif, file)
    if file.format == "TIFF" or pixels.orientation(read_exif) < 5:
        return width, height
    return height, width


def format_name(file: ImageFile.ImageFile) -> str:
    """Return the format as people call it."""
    return _PUBLIC_NAMES.get(str(file.format), str(file.format))


def is_jpeg(file: ImageFile.ImageFile) -> bool:
    """Tell JPEG, also with further pictures behind the first (MPO)."""
    return file.format in ("JPEG", "MPO")


def is_lossy(file: ImageFile.ImageFile, data: bytes) -> bool:
    """Tell whether the format has already given up exact pixels."""
    if file.format == "WEBP":
        return _first_webp_picture(data) != b"VP8L"
    return is_jpeg(file) or file.format == "HEIF"


def draft(file: ImageFile.ImageFile, width: int, height: int) -> None:
    """Let the JPEG decoder scale down by 2, 4 or 8, neither side below what is asked."""
    if is_jpeg(file):
        file.draft("RGB", (width, height))


def draft_longer(file: ImageFile.ImageFile, side: int) -> None:
    """Let the JPEG decoder scale down, the longer side not below `side`."""
    width, height = file.size
    draft(file, *((side, 1) if width >= height else (1, side)))


def _first_webp_picture(data: bytes) -> bytes:
    """Return the name of the first chunk with pixels: `VP8L` (lossless) or `VP8 `."""
    position = 12
    while position + 8 <= len(data):
        name = data[position : position + 4]
        if name in (b"VP8L", b"VP8 "):
            return name
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        # A frame of an animation holds chunks of its own, after 16 bytes.
        position += 24 if name == b"ANMF" else 8 + size + size % 2
    return b""
