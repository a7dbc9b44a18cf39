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
from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from . import allocator, budget, colours, costs, heif, jpeg, pixels, tiff, webp
from .errors import ImageTooLarge, SideTooLong, TooManyPixels, UnknownFormat, UnreadableImage
from .limits import MOST_OF_A_SIDE, MOST_PIXELS, ImageLimits

# Pillow knows forty formats more, some with an interpreter behind them (EPS); they are never asked.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF")
_PUBLIC_NAMES: Final = {"MPO": "JPEG", "HEIF": "HEIC"}
# What decoders raise for bytes that make no sense: fuzzing finds nearly everything.
_BROKEN: Final = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
    *(AttributeError, RuntimeError, MemoryError, struct.error, zlib.error),
)

allocator.settle()
Image.init()
pillow_heif.register_heif_opener()
# A second fence behind the check in `open_image`, in force for every other user of Pillow too.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
# Comments are dropped; Pillow would hold 64 MB of them while it reads the header.
PngImagePlugin.MAX_TEXT_MEMORY = 8 << 20
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
    if tiff.has_too_many_values(data):
        raise UnreadableImage("The image says far too much of itself. Save it again and send that.")
    with refusing():
        file = Image.open(io.BytesIO(data), formats=_FORMATS)
    _judge(file.size, limits)
    if file.format == "TIFF" and tiff.has_too_large_tiles(file, limits.pixels):
        raise UnreadableImage(
            "The image is built of tiles larger than any image may be. Save it again."
        )
    if is_jpeg(file) and jpeg.has_too_many_scans(data):
        raise UnreadableImage("The image is built of too many layers. Save it again and send that.")
    return file


def _judge(size: tuple[int, int], limits: ImageLimits) -> None:
    width, height = size
    if width * height > limits.pixels:
        raise TooManyPixels(limits.pixels, width, height)
    if max(size) > MOST_OF_A_SIDE:
        raise SideTooLong(MOST_OF_A_SIDE, width, height)


@contextmanager
def room_for(
    file: ImageFile.ImageFile, data: bytes, shorter_side: int | None = None
) -> Iterator[None]:
    """Hold the memory that reading an image takes, after `draft` if that is asked for.

    What is decoded within must not outlive the block, unless it was scaled down. Raises
    DecodersBusy.
    """
    is_turned = pixels.orientation(partial(Image.Image.getexif, file)) != 1
    need = costs.cost(file, data, costs.Asked(shorter_side, is_turned=is_turned))
    with budget.decoding().reserve(need):
        yield


def load_upright(
    file: ImageFile.ImageFile, data: bytes, shorter_side: int | None = None
) -> Image.Image:
    """Decode to plain grey or sRGB, scale the shorter side down to `shorter_side`, and turn.

    In this order the fewest pixels are moved. The file is closed, unless it is the picture.
    """
    with refusing():
        source = _decoded(file, data)
        turn = pixels.orientation(file.getexif)
        picture = pixels.flattened(source, shorter_side, correction(file))
        del source
        if picture is not file:
            file.close()  # its pixels are needed no more
        return pixels.upright(picture, turn)


def _decoded(file: ImageFile.ImageFile, data: bytes) -> pixels.Source:
    """Decode in the way that takes the least memory."""
    if file.format == "WEBP" and webp.can_decode():
        frame = webp.first_frame(data)
        if frame is None:
            raise UnreadableImage
        return webp.decode(data, frame, file.size)
    if file.format == "HEIF":
        return heif.HeifPixels(data)
    file.load()
    return file


def correction(file: ImageFile.ImageFile) -> colours.Correction | None:
    """Return what the colour profile of the picture asks for, if there is anything to do."""
    return colours.correction(file.info.get("icc_profile"), file.mode)


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
        frame = webp.first_frame(data)
        return frame is None or not frame.is_lossless
    return is_jpeg(file) or file.format == "HEIF"


def draft(file: ImageFile.ImageFile, width: int, height: int) -> None:
    """Let the JPEG decoder scale down by 2, 4 or 8, neither side below what is asked."""
    if is_jpeg(file):
        file.draft("RGB", (width, height))


def draft_longer(file: ImageFile.ImageFile, side: int) -> None:
    """Let the JPEG decoder scale down, the longer side not below `side`."""
    width, height = file.size
    draft(file, *((side, 1) if width >= height else (1, side)))
