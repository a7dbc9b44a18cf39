"""Read facts and pixels of uploaded images, and make the files that are stored.

All functions may run in threads. Each raises UnreadableImage, ImageTooLarge or TooManyPixels, and
uses the configured limits unless others are given. Functions that decode also raise DecodersBusy,
if the budget limits the waiting (see budget.py).
"""

import hashlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, Final

from PIL import Image, ImageFile

from dashboard.files.errors import UnreadableImage
from dashboard.files.images import jpeg, pixels, reading
from dashboard.files.limits import ImageLimits, configured_image_limits

# The contract: without `noresize`, the shorter side of a stored image has at most 600 pixels.
STORED_SIDE: Final = 600
THUMBNAIL_SIDE: Final = 256
ENCODER_SIDE: Final = 128
_SHOWN_WHOLE: Final = 4_000_000  # pixels
_STORED_QUALITY: Final = 90
_THUMBNAIL_QUALITY: Final = 80


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The facts of the header: SHA-256 of the bytes, format, and the size once it is upright."""

    sha256: str
    format: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The image for an encoder, RGB and perhaps scaled down; and the original's upright size."""

    picture: Image.Image
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class StoredImage:
    """What is stored of an upload; `sha256` and `file_size` are those of the upload itself."""

    sha256: str
    file_size: int
    stored: bytes
    stored_sha256: str
    extension: str
    width: int
    height: int
    thumbnail: bytes


def sha256(data: bytes) -> str:
    """Return the SHA-256 that identifies equal uploads, as hex digits."""
    return hashlib.sha256(data).hexdigest()


def inspect(data: bytes, limits: ImageLimits | None = None) -> ImageFacts:
    """Read only the header: fast, but the pixels behind it may be incomplete."""
    file = reading.open_image(data, limits or configured_image_limits(), is_scaled=True).file
    width, height = reading.upright_size(file)
    return ImageFacts(sha256(data), reading.format_name(file), width, height)


def has_profile(data: bytes) -> bool:
    """Return whether a colour profile of the image changes its colours, from its header."""
    image = reading.open_image(data, configured_image_limits(), is_scaled=True)
    return image.correction is not None


def decode(
    data: bytes, *, at_least: int | None = None, limits: ImageLimits | None = None
) -> Image.Image:
    """Return the image as sRGB, upright, transparent parts white.

    With `at_least` a JPEG may be smaller, since its decoder scales at almost no cost, but never
    with a shorter side below `at_least`; nothing is ever enlarged.
    """
    is_scaled = at_least is not None
    image = reading.open_image(data, limits or configured_image_limits(), is_scaled=is_scaled)
    if at_least is not None:
        reading.draft(image, at_least, at_least)
    with reading.room_for(image):
        picture = reading.load_upright(image)
        return picture if picture.mode == "RGB" else picture.convert("RGB")


def show(data: bytes, *, side: int = ENCODER_SIDE, limits: ImageLimits | None = None) -> Shown:
    """Return the image as jobs, search and API alike pass it to an encoder of `side` pixels.

    The same bytes give the same pixels. The longer side is at least twice `side` if the file has
    that many: the encoder's own scaling then has something to average. A large image is scaled as
    `prepare` scales it, since the memory of the result is not counted.
    """
    image = reading.open_image(data, limits or configured_image_limits(), is_scaled=True)
    width, height = reading.upright_size(image.file)
    reading.draft_longer(image, 2 * side)
    is_large = image.file.width * image.file.height > _SHOWN_WHOLE
    shorter_side = max(STORED_SIDE, 2 * side) if is_large else None
    with reading.room_for(image, shorter_side):
        picture = reading.load_upright(image, shorter_side)
        return Shown(picture if picture.mode == "RGB" else picture.convert("RGB"), width, height)


def decode_for_encoder(
    data: bytes, *, side: int = ENCODER_SIDE, limits: ImageLimits | None = None
) -> Image.Image:
    """Return the image of `show`, from bytes that were accepted before.

    The limit of bytes is for uploads and not checked again: a stored image may be larger than its
    upload.
    """
    limits = replace(limits or configured_image_limits(), size=len(data))
    return show(data, side=side, limits=limits).picture


@contextmanager
def stored_pixels(data: bytes) -> Iterator[Image.Image]:
    """Provide all pixels of a stored image as RGB, on which boxes are measured.

    Their memory is reserved for the duration of the block. Raises DecodersBusy.
    """
    image = reading.open_image(data, replace(configured_image_limits(), size=len(data)))
    with reading.room_for(image):
        picture = reading.load_upright(image)
        yield picture if picture.mode == "RGB" else picture.convert("RGB")


def prepare(data: bytes, *, resize: bool = True, limits: ImageLimits | None = None) -> StoredImage:
    """Make the stored files of an upload: the image, upright, without metadata; its thumbnail.

    Lossy uploads become JPEG and all others PNG, so that equal pixels stay equal. With `resize` the
    shorter side is at most 600 pixels. One decoding produces both files.
    """
    image = reading.open_image(data, limits or configured_image_limits(), is_scaled=resize)
    bare = _bare_jpeg(image, resize=resize)
    if bare is not None:
        return _kept(data, bare, image)
    shorter_side = STORED_SIDE if resize else None
    if resize:
        reading.draft(image, STORED_SIDE, STORED_SIDE)
    with reading.room_for(image, shorter_side):
        picture = reading.load_upright(image, shorter_side)
        lossy = reading.is_lossy(image)
        with reading.refusing():
            stored = _jpeg(picture, _STORED_QUALITY) if lossy else _png(picture)
        return _stored_image(data, stored, "jpg" if lossy else "png", picture.size, picture)


def thumbnail(stored: bytes) -> bytes:
    """Make the thumbnail again from the stored image."""
    # The limit is for uploads, and a stored image may be larger than its upload.
    limits = replace(configured_image_limits(), size=len(stored))
    image = reading.open_image(stored, limits, is_scaled=True)
    reading.draft_longer(image, THUMBNAIL_SIDE)
    with reading.room_for(image):
        return _thumbnail(reading.load_upright(image))


def inspect_stored(data: bytes, limits: ImageLimits | None = None) -> tuple[str, int, int]:
    """Return extension, width and height of a stored image, from its header alone."""
    limits = replace(limits or configured_image_limits(), size=len(data))
    file = reading.open_image(data, limits).file
    return _stored_extension(file), *reading.upright_size(file)


def _stored_extension(file: ImageFile.ImageFile) -> str:
    extension = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png"}.get(str(file.format))
    if extension is None:
        raise UnreadableImage
    return extension


def restore(
    data: bytes, *, sha256: str, file_size: int, limits: ImageLimits | None = None
) -> StoredImage:
    """Return what `prepare` returned for an image that was stored elsewhere, without changing it.

    `sha256` and `file_size` are those of the original upload. The limit of bytes is for uploads and
    not checked.
    """
    limits = replace(limits or configured_image_limits(), size=len(data))
    image = reading.open_image(data, limits)
    extension, size = _stored_extension(image.file), reading.upright_size(image.file)
    reading.draft_longer(image, THUMBNAIL_SIDE)
    with reading.room_for(image):
        made = _stored_image(data, data, extension, size, reading.load_upright(image))
    return replace(made, sha256=sha256, file_size=file_size)


def _bare_jpeg(image: reading.Opened, *, resize: bool) -> bytes | None:
    """Return a JPEG upload without its metadata if nothing else has to change, or None."""
    file = image.file
    too_large = resize and min(file.size) > STORED_SIDE
    if too_large or not reading.is_jpeg(file) or file.mode not in ("L", "RGB"):
        return None
    if image.correction is not None:
        return None
    # A turned one has to be encoded again: its orientation is in the EXIF, which is removed.
    return jpeg.strip(image.data) if pixels.orientation(file.getexif) == 1 else None


def _kept(data: bytes, bare: bytes, image: reading.Opened) -> StoredImage:
    size = image.file.size
    # Decoding scaled down still reads every byte, so a truncated file is found.
    reading.draft_longer(image, THUMBNAIL_SIDE)
    with reading.room_for(image):
        return _stored_image(data, bare, "jpg", size, reading.load_upright(image))


def _stored_image(
    data: bytes, stored: bytes, extension: str, size: tuple[int, int], picture: Image.Image
) -> StoredImage:
    return StoredImage(
        sha256=sha256(data),
        file_size=len(data),
        stored=stored,
        stored_sha256=sha256(stored),
        extension=extension,
        width=size[0],
        height=size[1],
        thumbnail=_thumbnail(picture),
    )


def _thumbnail(picture: Image.Image) -> bytes:
    """Make the thumbnail in place from the image, which is not used afterwards: no copy."""
    with reading.refusing():
        # No `reducing_gap`: it gained nothing, see `pixels.RESAMPLE`.
        picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), pixels.RESAMPLE, reducing_gap=None)
        return _jpeg(picture, _THUMBNAIL_QUALITY)


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    try:
        with _memory_file() as file:
            picture.save(file, "JPEG", quality=quality)
            return os.pread(file.fileno(), file.tell(), 0)
    except OSError:  # no space for a file: a full disk is not the image's fault
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        return buffer.getvalue()


def _memory_file() -> IO[bytes]:
    """Open a file in memory to encode into.

    Pillow holds the interpreter lock while it encodes into a buffer, and releases it for a file
    with a descriptor: then two threads encode in parallel.
    """
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("picture"), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    # Fast rather than small: Pillow's default is zlib's level 6.
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
