"""Draw large photos for measurements, each with different bytes."""

import io
import struct
import zipfile
from collections.abc import Iterator, Mapping

import numpy as np
from PIL import Image

DRAWN = 20  # the rest differ by a comment in the file, which makes no decoder faster


def photos(count: int, size: tuple[int, int] = (1155, 866), seed: int = 0) -> list[bytes]:
    """Draw JPEGs of smooth shapes and grain, about as hard to decode as photos."""
    drawn = [_photo(size, np.random.default_rng([seed, i])) for i in range(min(count, DRAWN))]
    return [_marked(drawn[i % len(drawn)], f"{seed}-{i}") for i in range(count)]


def _photo(size: tuple[int, int], dice: np.random.Generator) -> bytes:
    width, height = size
    coarse = Image.fromarray(dice.integers(0, 255, (9, 12, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), np.int16)
    grain = dice.normal(0, 9, (height, width, 1)).astype(np.int16)
    stream = io.BytesIO()
    picture = Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8))
    picture.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def _marked(jpeg: bytes, text: str) -> bytes:
    comment = text.encode()
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + jpeg[2:]


def packed(files: list[bytes], per_folder: int = 10) -> bytes:
    """Pack images into a ZIP of folders of `per_folder` images each."""
    return packed_files(dict(_named(files, per_folder)))


def packed_files(files: Mapping[str, bytes]) -> bytes:
    """Pack files into a ZIP under their names, uncompressed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _named(files: list[bytes], per_folder: int) -> Iterator[tuple[str, bytes]]:
    for number, data in enumerate(files):
        yield f"photos/group {number // per_folder:04d}/{number:05d}.jpg", data
