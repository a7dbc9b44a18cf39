"""Check whether the end of a file is missing, to distinguish truncated from damaged files."""

import hashlib
import io
from typing import Final

from PIL import Image

from dashboard.files.images import jpeg, pixels, png

# Coded bits that differ from the real ones.
_OTHER_BITS: Final = b"\x55\xaa\x33\xcc\x5a\xa5" * 16


def is_missing(data: bytes) -> bool:
    """Return whether a file stops before its end, as far as its format states the length."""
    head = data[:12]
    if head[:4] == b"RIFF":
        return int.from_bytes(head[4:8], "little") + 8 > len(data)
    if head[:2] == b"BM":
        return int.from_bytes(head[2:6], "little") > len(data)
    if head[:4] == b"GIF8":
        return not data.rstrip(b"\0").endswith(b";")
    if head[4:8] == b"ftyp":
        return _boxes_end(data) > len(data)
    return jpeg.lacks_end(data) or png.lacks_end(data)


def _boxes_end(data: bytes) -> int:
    """Return where the last top-level box of a HEIC ends, according to its header."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:
            break
        position += size
    return position


def is_whole_jpeg(data: bytes, *, is_small: bool) -> bool:
    """Return whether a JPEG without an end mark has all its pixels.

    Pillow does not report that libjpeg had to fill in the rest. So the image is decoded twice, with
    different bits behind its last byte: if they change the image, they were needed. A file of one
    scan may be decoded scaled down, since each part of it shows at every scale.
    """
    if not jpeg.has_all_scans(data):
        return False
    # `_OTHER_BITS` has no 0xFF, so that it cannot be mistaken for a marker.
    other = data[: -len(jpeg.END_MARK)] + _OTHER_BITS + jpeg.END_MARK
    return _digest(data, is_small=is_small) == _digest(other, is_small=is_small)


def _digest(data: bytes, *, is_small: bool) -> bytes:
    file = Image.open(io.BytesIO(data), formats=("JPEG",))
    if is_small:
        file.draft("RGB", (1, 1))
    file.load()
    digest = hashlib.sha256()
    for box in pixels.strips(file.size, across=False):
        digest.update(file.crop(box).tobytes())
    return digest.digest()
