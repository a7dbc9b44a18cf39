"""Turn any image into the squares of bytes that the encoders accept."""

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

SIZE = 128
PHOTO_SIZE = 192
PHOTO_KEPT = (1.0, 3 / 4)  # all of an image, and its middle; README says what else was measured
PAPER = (255, 255, 255, 255)  # what shows through where an image is transparent


def upright(image: Image.Image) -> Image.Image:
    """Turn the image to its EXIF orientation, and convert any mode to RGB."""
    # Pillow would copy an image that is already upright, and one that is RGB.
    turned = image if _is_upright(image) else ImageOps.exif_transpose(image)
    if turned.mode in ("I", "F") or turned.mode.startswith("I;16"):
        turned = _eight_bits(turned)
    if turned.has_transparency_data:
        layer = turned.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, PAPER), layer).convert("RGB")
    return turned if turned.mode == "RGB" else turned.convert("RGB")


def _is_upright(image: Image.Image) -> bool:
    return bool(image.getexif().get(ExifTags.Base.Orientation, 1) == 1)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Convert 16 bits a pixel to 8; Pillow alone would clip them at 255."""
    values = np.asarray(image, np.float64)
    scale = 255 / 65535 if values.max() > 255 else 1.0
    return Image.fromarray((values * scale).clip(0, 255).astype(np.uint8))


def letterbox(image: Image.Image, size: int = SIZE, kept: float = 1.0) -> NDArray[np.uint8]:
    """Fit the longest side to `size` and pad with the mean colour of the border.

    Returns (size, size, 3) uint8, whatever the mode and the orientation of the image. The border's
    colour makes a padded product shot on white look like the square one. `kept` is the share of
    width and height that is used, from the middle.
    """
    image = upright(image)
    part = [side * kept for side in image.size]
    scale = size / max(part)
    width, height = (max(1, round(side * scale)) for side in part)
    left, top = ((side - inner) / 2 for side, inner in zip(image.size, part, strict=True))
    box = (left, top, left + part[0], top + part[1])
    pixels = np.asarray(image.resize((width, height), _filter_for(scale), box=box))
    if width == height:
        return pixels
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    square = np.empty((size, size, 3), np.uint8)
    square[:] = border.mean(axis=0).astype(np.uint8)
    above, before = (size - height) // 2, (size - width) // 2
    square[above : above + height, before : before + width] = pixels
    return square


def _filter_for(scale: float) -> Image.Resampling:
    if scale > 1:
        return Image.Resampling.BICUBIC
    return Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BILINEAR
