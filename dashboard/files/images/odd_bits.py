"""Correct what Pillow takes too literally in transparency and unused bits."""

from PIL import Image, ImageFile

from dashboard.files.errors import UnreadableImage
from dashboard.files.images import png

# Of the upper eight bits of colours that have twelve in all.
_FAINT = 16


def mend(file: ImageFile.ImageFile, data: bytes) -> None:
    """Correct a decoded image. Raises UnreadableImage for colours that are nearly black."""
    if file.format == "BMP" and file.mode == "RGBA" and not file.getchannel("A").getbbox():
        file.putalpha(255)  # as every viewer shows it
    if file.format == "PNG":
        _scale_key(file, png.depth(data))
    if _is_faint(file, data):
        raise UnreadableImage(
            "The image uses only the lower bits of its 16, so it would be nearly black. Save it "
            "with 8 bits for each colour."
        )


def _scale_key(file: Image.Image, depth: int) -> None:
    """Scale the transparent colour to the bits of the decoded pixels."""
    key = file.info.get("transparency")
    if depth == 16 and isinstance(key, tuple):
        file.info["transparency"] = tuple(value >> 8 for value in key)
    elif file.mode == "L" and depth < 8 and isinstance(key, int):
        file.info["transparency"] = key * 255 // ((1 << depth) - 1)


def _is_faint(file: ImageFile.ImageFile, data: bytes) -> bool:
    """Return whether an image of 16 bits, of which Pillow keeps eight, uses only twelve."""
    if file.mode not in ("RGB", "RGBA"):
        return False
    bits = getattr(file, "tag_v2", {}).get(258, ())
    if not (file.format == "PNG" and png.depth(data) == 16) and tuple(bits)[:1] != (16,):
        return False
    greatest = max(high for _, high in file.getextrema()[:3])  # type: ignore[misc]
    return 0 < greatest < _FAINT
