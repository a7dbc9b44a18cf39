"""Open and decode images with Pillow, with a fixed set of formats and limits.

Everything here may run in several threads at once: Pillow releases the interpreter lock while it
works, and nothing is shared. Process-wide settings of Pillow are set once, below.
"""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import pillow_heif
from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from dashboard.files.errors import (
    CameraRaw,
    EndMissing,
    ImageTooLarge,
    SideTooLong,
    TooHeavy,
    TooManyPixels,
    UnknownFormat,
    UnreadableImage,
)
from dashboard.files.images import (
    allocator,
    budget,
    colours,
    costs,
    ends,
    heif,
    implied,
    jpeg,
    odd_bits,
    pixels,
    png,
    raws,
    tiff,
    tiff_pages,
    webp,
)
from dashboard.files.limits import LARGER_JPEG, MOST_OF_A_SIDE, MOST_PIXELS, ImageLimits

# Pillow supports forty more formats, some with an interpreter (EPS); they are never used.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF")
# For a progressive JPEG: three full channels, two bytes each.
_COEFFICIENTS: Final = 6
_PUBLIC_NAMES: Final = {"MPO": "JPEG", "HEIF": "HEIC"}
# Errors of decoders for invalid bytes: fuzzing finds nearly all of these.
_BROKEN: Final = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
    *(AttributeError, RuntimeError, MemoryError, struct.error, zlib.error),
)

allocator.settle()
Image.init()
pillow_heif.register_heif_opener()
# A second limit behind the check in `open_image`, for every other user of Pillow, too.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
# Comments are dropped before, see png.py; a profile may be as large as any profile.
PngImagePlugin.MAX_TEXT_MEMORY = 8 << 20
PngImagePlugin.MAX_TEXT_CHUNK = colours.MOST_BYTES
warnings.simplefilter("error", Image.DecompressionBombWarning)


@contextmanager
def refusing(data: bytes = b"", most: int = MOST_PIXELS) -> Iterator[None]:
    """Turn Pillow's errors for these bytes into a refusal."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        found = re.search(r"\d+", str(error))
        raise TooManyPixels(most, pixels=int(found[0]) if found else None) from None
    except UnidentifiedImageError:
        raise EndMissing if ends.is_missing(data) else UnknownFormat from None
    except _BROKEN as error:
        raise EndMissing if ends.is_missing(data) else UnreadableImage from error


@dataclass(frozen=True, slots=True)
class Opened:
    """An image whose header was read.

    `data` is what it is read from: the upload, or a file made from it if the upload has more than
    the image or slightly less. `most` is how many pixels may be decoded.
    """

    file: ImageFile.ImageFile
    data: bytes
    most: int
    lacks_end: bool = False

    @property
    def correction(self) -> colours.Correction | None:
        """The correction of its colour profile, or None."""
        profile = self.file.info.get("icc_profile") or implied.profile(self.file)
        return colours.correction(profile, self.file.mode)


def open_image(upload: bytes, limits: ImageLimits, *, is_scaled: bool = False) -> Opened:
    """Read and check the header; no pixel is decoded yet.

    With `is_scaled` a JPEG may have more pixels than the limits, most of which its decoder skips
    later; see `draft`. Raises UnreadableImage, ImageTooLarge and TooManyPixels.
    """
    if len(upload) > limits.size:
        raise ImageTooLarge(limits.size, len(upload))
    lacks_end = jpeg.lacks_end(upload)
    data = jpeg.ended(upload) if lacks_end else _picture_in(upload)
    # Before `Image.open`, which parses the tags.
    if tiff.has_too_many_values(data):
        raise UnreadableImage("The image has too much metadata. Save it again and upload that.")
    with refusing(upload, limits.pixels):
        file = Image.open(io.BytesIO(data), formats=_FORMATS)
    _judge(file, data, limits, is_scaled=is_scaled)
    if file.format == "TIFF" and tiff.has_too_large_tiles(file, limits.pixels):
        raise UnreadableImage(
            "The image has tiles that are larger than an image may be. Save it again."
        )
    if is_jpeg(file) and jpeg.has_too_many_scans(data):
        raise UnreadableImage("The image has too many layers. Save it again and upload that.")
    return Opened(file, data, limits.pixels, lacks_end)


def _picture_in(upload: bytes) -> bytes:
    """Return the bytes of the image to use, without parts that Pillow would refuse."""
    if raws.is_raw(upload):
        raise CameraRaw
    return tiff_pages.picture_of(png.bare(upload))


def _judge(file: ImageFile.ImageFile, data: bytes, limits: ImageLimits, *, is_scaled: bool) -> None:
    width, height = file.size
    if width * height > limits.pixels and not (is_scaled and _may_be_larger(file, data, limits)):
        raise TooManyPixels(limits.pixels, width, height)
    if max(file.size) > MOST_OF_A_SIDE:
        raise SideTooLong(MOST_OF_A_SIDE, width, height)


def _may_be_larger(file: ImageFile.ImageFile, data: bytes, limits: ImageLimits) -> bool:
    """Return whether a JPEG needs no more memory to decode than the largest allowed image."""
    is_near = file.width * file.height <= min(LARGER_JPEG * limits.pixels, MOST_PIXELS)
    return is_jpeg(file) and is_near and jpeg.coefficients(data) <= _COEFFICIENTS * limits.pixels


@contextmanager
def room_for(image: Opened, shorter_side: int | None = None) -> Iterator[None]:
    """Reserve the memory of reading an image, after `draft` if that is used.

    The decoded image must not outlive the block, unless it was scaled down. Raises DecodersBusy.
    """
    # Here and not when it is opened: it needs a decoding, and reading the header should stay cheap.
    if image.lacks_end:
        _require_whole(image)
    is_turned = pixels.orientation(partial(Image.Image.getexif, image.file)) != 1
    # After `draft`: the size of the file object is the one that will be decoded.
    need = costs.cost(image.file, image.data, costs.Asked(shorter_side, is_turned=is_turned))
    width, height = image.file.size
    if not budget.decoding().can_hold(need, width * height):
        raise TooHeavy(need, width, height)
    with budget.decoding().reserve(need):
        yield


def _require_whole(image: Opened) -> None:
    """Refuse a truncated JPEG; one that only lacks its end mark is complete."""
    is_small = jpeg.is_one_scan(image.data)
    with refusing():
        file = Image.open(io.BytesIO(image.data), formats=_FORMATS)
        if is_small:
            file.draft("RGB", (1, 1))
    is_small_enough = file.width * file.height <= image.most
    need = costs.cost(file, image.data, costs.Asked())
    with budget.decoding().reserve(need), refusing(image.data):
        if not is_small_enough or not ends.is_whole_jpeg(image.data, is_small=is_small):
            raise EndMissing


def load_upright(image: Opened, shorter_side: int | None = None) -> Image.Image:
    """Decode to plain grey or sRGB, scale the shorter side down to `shorter_side`, and turn.

    In this order the fewest pixels are moved. The file is closed, unless it is the image.
    """
    file, correction = image.file, image.correction
    with refusing(image.data):
        source = _decoded(file, image.data)
        turn = pixels.orientation(file.getexif)
        picture = pixels.flattened(source, shorter_side, correction)
        del source
        if picture is not file:
            file.close()  # its pixels are no longer needed
        return pixels.upright(picture, turn)


def _decoded(file: ImageFile.ImageFile, data: bytes) -> pixels.Source:
    """Decode in the way that takes the least memory."""
    if file.format == "WEBP" and webp.can_decode():
        frame = webp.first_frame(data)
        if frame is None:
            raise ValueError("there is no frame")
        return webp.decode(data, frame, file.size)
    if file.format == "HEIF":
        return heif.HeifPixels(data)
    file.load()
    odd_bits.mend(file, data)
    return file


def upright_size(file: ImageFile.ImageFile) -> tuple[int, int]:
    """Return width and height of the upright image, from the header alone."""
    width, height = file.size
    # Pillow turns TIFF by itself. PNG's own getexif would decode the image to read what follows it.
    read_exif = partial(Image.Image.getexif, file)
    if file.format == "TIFF" or pixels.orientation(read_exif) < 5:
        return width, height
    return height, width


def format_name(file: ImageFile.ImageFile) -> str:
    """Return the format's name for people."""
    return _PUBLIC_NAMES.get(str(file.format), str(file.format))


def is_jpeg(file: ImageFile.ImageFile) -> bool:
    """Return whether it is a JPEG, also with further images behind the first (MPO)."""
    return file.format in ("JPEG", "MPO")


def is_lossy(image: Opened) -> bool:
    """Return whether the format has already discarded exact pixels."""
    if image.file.format == "WEBP":
        frame = webp.first_frame(image.data)
        return frame is None or not frame.is_lossless
    return is_jpeg(image.file) or image.file.format == "HEIF"


def draft(image: Opened, width: int, height: int) -> None:
    """Let the JPEG decoder scale down by 2, 4 or 8, neither side below the given one.

    Raises TooManyPixels if that leaves more than the limit.
    """
    size = image.file.size
    if is_jpeg(image.file):
        image.file.draft("RGB", (width, height))
    if image.file.width * image.file.height > image.most:
        raise TooManyPixels(image.most, *size)


def draft_longer(image: Opened, side: int) -> None:
    """Let the JPEG decoder scale down, the longer side not below `side`."""
    width, height = image.file.size
    draft(image, *((side, 1) if width >= height else (1, side)))
