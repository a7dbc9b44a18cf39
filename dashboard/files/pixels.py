"""Any colour mode that Pillow reads -> plain grey or RGB, 8 bits, scaled, upright."""

import math
from collections.abc import Callable
from typing import Final

from PIL import ExifTags, Image

from .errors import UnreadableImage

# One thread, all of images.prepare(), JPEG of 1 MP and 12 MP: Hamming 15 and 37 ms, bicubic 21 and
# 42, Lanczos 26 and 50. Hamming is as quick as bilinear and sharper; `reducing_gap` and decoding to
# YCbCr, which saves two conversions, gained nothing.
RESAMPLE: Final = Image.Resampling.HAMMING

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# EXIF is a little file of its own: where it is broken, the picture may still be whole.
_BROKEN_EXIF: Final = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError),
    *(ArithmeticError, AttributeError, RuntimeError),
)


def orientation(read_exif: Callable[[], Image.Exif]) -> int:
    """Return the EXIF orientation, 1 to 8; 1 (upright) where there is none to be read."""
    try:
        value = read_exif().get(ExifTags.Base.Orientation, 1)
    except _BROKEN_EXIF:
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def upright(image: Image.Image, turn: int) -> Image.Image:
    """Return the image turned as its EXIF orientation says."""
    method = _TURNS.get(turn)
    return image if method is None else image.transpose(method)


def scaled(image: Image.Image, shorter_side: int | None) -> Image.Image:
    """Return the image with its shorter side at most so long; never enlarge."""
    shorter = min(image.size)
    if shorter_side is None or shorter <= shorter_side:
        return image
    width, height = (max(1, round(side * shorter_side / shorter)) for side in image.size)
    return image.resize((width, height), RESAMPLE)


def flatten(image: Image.Image) -> Image.Image:
    """Return the image as L or RGB without metadata, transparent parts white.

    Of 16 bits the upper eight are kept. Equal pixels give equal results whatever file they came
    in. Colour profiles are ignored.
    """
    flat = _flat(image)
    # Pillow's writers take comments, profiles and resolutions from here.
    flat.info = {}
    return flat


def _flat(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("I", "F"):
        return _stretched(image)
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


def _stretched(image: Image.Image) -> Image.Image:
    """Spread measurements (32-bit integers, floats), which know no white, over the greys."""
    extrema = image.getextrema()
    low, high = float(extrema[0]), float(extrema[1])  # type: ignore[arg-type]  # of one band
    if not math.isfinite(high - low):
        raise UnreadableImage("The image holds values that are no colours. Save it with 8 bits.")
    scale = 255 / (high - low) if high > low else 0.0
    return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")
