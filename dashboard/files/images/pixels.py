"""Convert any colour mode that Pillow reads to plain grey or RGB, 8 bits, scaled, upright."""

import math
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import numpy as np
from PIL import ExifTags, Image

from dashboard.files.errors import UnreadableImage
from dashboard.files.images.colours import Correction

# One thread, all of images.prepare(), JPEG of 1 MP and 12 MP: Hamming 15 and 37 ms, bicubic 21 and
# 42, Lanczos 26 and 50. Hamming is as fast as bilinear and sharper; `reducing_gap` and decoding to
# YCbCr, which saves two conversions, gained nothing.
RESAMPLE: Final = Image.Resampling.HAMMING

# Converting a strip holds it four times: 4 MB.
_STRIP: Final = 1 << 18

# Of 16 bits at most twelve are used below this value.
_FAINT: Final = 1 << 12

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# EXIF is a small file of its own: where it is broken, the image may still be complete.
_BROKEN_EXIF: Final = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError),
    *(ArithmeticError, AttributeError, RuntimeError),
)


def orientation(read_exif: Callable[[], Image.Exif]) -> int:
    """Return the EXIF orientation, 1 to 8; 1 (upright) if it cannot be read."""
    try:
        value = read_exif().get(ExifTags.Base.Orientation, 1)
    except _BROKEN_EXIF:
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def upright(image: Image.Image, turn: int) -> Image.Image:
    """Return the image turned according to its EXIF orientation."""
    method = _TURNS.get(turn)
    return image if method is None else image.transpose(method)


class Source(Protocol):
    """A decoded image that returns parts of itself; a Pillow image is one."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Return a part."""


def scaled_size(size: tuple[int, int], shorter_side: int | None) -> tuple[int, int]:
    """Return the size with a shorter side of at most `shorter_side`; nothing is enlarged."""
    shorter = min(size)
    if shorter_side is None or shorter <= shorter_side:
        return size
    width, height = (max(1, round(side * shorter_side / shorter)) for side in size)
    return width, height


def flattened(
    source: Source, shorter_side: int | None = None, correction: Correction | None = None
) -> Image.Image:
    """Return the image as L or RGB without metadata, transparent parts white, scaled down.

    Of 16 bits the upper eight are kept. Equal pixels give equal results whatever their file format.
    No second image of full size is made. Inks are corrected before scaling, since they are not
    colours before; everything else afterwards, when there are fewer pixels.
    """
    size = scaled_size(source.size, shorter_side)
    if correction is None or correction.is_of_inks:
        return _scaled(source, size, correction)
    return correction.corrected(_scaled(source, size, None))


def _scaled(source: Source, size: tuple[int, int], inks: Correction | None) -> Image.Image:
    if isinstance(source, Image.Image) and _is_flat(source):
        # Pillow's writers take comments, profiles and resolutions from here.
        source.info = {}
        return source if size == source.size else source.resize(size, RESAMPLE)
    flat = _in_strips(source, size, inks.from_inks if inks else _conversion(source))
    flat.info = {}
    return flat if size == flat.size else flat.resize(size, RESAMPLE)


def _in_strips(
    source: Source, size: tuple[int, int], convert: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """Flatten the image and scale its width, strip by strip; the number of rows is unchanged.

    Pillow itself scales the width first and rounds to 8 bits before it scales the height, so the
    result is identical to flattening the whole image and then scaling it.
    """
    whole: Image.Image | None = None
    for box in strips(source.size, across=size[0] == source.size[0]):
        part = convert(source.crop(box))
        if size[0] != source.size[0]:
            part = part.resize((size[0], part.height), RESAMPLE)
        if part.height == source.size[1] and part.width == size[0]:
            return part
        if whole is None:
            whole = Image.new(part.mode, (size[0], source.size[1]))
        whole.paste(part, box[:2])
    if whole is None:
        raise UnreadableImage
    return whole


def strips(size: tuple[int, int], *, across: bool) -> Iterator[tuple[int, int, int, int]]:
    """Yield boxes of some thousand pixels each; of whole rows unless they may be cut `across`."""
    width, height = size
    columns = min(width, _STRIP) if across else width
    rows = max(1, _STRIP // columns)
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            yield left, top, min(left + columns, width), min(top + rows, height)


def _is_flat(image: Image.Image) -> bool:
    return image.mode in ("L", "RGB") and not image.has_transparency_data


def _flat(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        return _on_white(image)
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    clear = image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(clear.convert("RGB"), mask=clear.getchannel("A"))
    return white


def _conversion(source: Source) -> Callable[[Image.Image], Image.Image]:
    """Return the function that flattens a part; for measurements it uses the whole's extrema."""
    if isinstance(source, Image.Image) and source.mode in ("I", "F"):
        return _stretching(source)
    if isinstance(source, Image.Image) and source.mode.startswith("I;16"):
        return _deep(source)
    return _flat


def _deep(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Keep the upper eight of 16 bits; where the upper four are empty, spread the rest.

    Cameras and scanners of medicine and science write 12 bits so, which would be nearly black.
    """
    # Pillow has no extrema for the opposite byte order.
    parts = (image.crop(box).convert("I") for box in strips(image.size, across=True))
    both = [_extrema(part) for part in parts]
    low, high = min(one for one, _ in both), max(one for _, one in both)
    to_greys = _spread(low, high) if low < high < _FAINT else _upper_bits
    key = image.info.get("transparency")

    def flat(part: Image.Image) -> Image.Image:
        values = part.convert("I")
        greys = to_greys(values)
        if isinstance(key, int):
            clear = np.asarray(values) == key
            greys.paste(255, mask=Image.fromarray(clear.astype(np.uint8) * 255))
        return greys

    return flat


def _upper_bits(part: Image.Image) -> Image.Image:
    return part.point(lambda value: value * (1 / 256)).convert("L")


def _stretching(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Spread measurements (32-bit integers, floats), which have no white, over the greys."""
    return _spread(*_extrema(image))


def _extrema(image: Image.Image) -> tuple[float, float]:
    low, high = image.getextrema()
    return float(low), float(high)  # type: ignore[arg-type]  # of one band


def _spread(low: float, high: float) -> Callable[[Image.Image], Image.Image]:
    if not math.isfinite(high - low):
        raise UnreadableImage("The image has values that are not colours. Save it with 8 bits.")
    scale = 255 / (high - low) if high > low else 0.0

    def stretched(part: Image.Image) -> Image.Image:
        return part.convert("F").point(lambda value: value * scale - low * scale).convert("L")

    return stretched
