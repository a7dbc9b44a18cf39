"""The heaviest image that each format can be, in files that are small; and a program to weigh it.

`python -m tests.files.heavy THREADS FILE…` decodes the files in so many threads at once and writes
what that took as JSON: bytes of resident memory over what there was before.
"""

import io
import json
import struct
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from django.conf import settings
from PIL import Image

from tests.files import profiles

# What Pillow calls its passes: where a pass begins, and its steps.
_ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

Size = tuple[int, int]


def _flat(mode: str, size: Size) -> Image.Image:
    colours: dict[str, Any] = {"RGB": (10, 200, 30), "RGBA": (10, 200, 30, 128), "LA": (9, 100)}
    image = Image.new(mode, size, colours.get(mode, 1))
    if mode == "P":
        image.putpalette([grey for grey in range(256) for _ in range(3)])
    return image


def _saved(mode: str, kind: str, size: Size, **options: Any) -> bytes:
    stream = io.BytesIO()
    _flat(mode, size).save(stream, kind, **options)
    return stream.getvalue()


def _moving(mode: str, kind: str, size: Size, **options: Any) -> bytes:
    other = Image.new(mode, size, 0)
    return _saved(mode, kind, size, save_all=True, append_images=[other], **options)


def _layered(size: Size) -> bytes:
    """Return a lossy WebP with a layer of transparency, which is lossless."""
    image = _flat("RGBA", size)
    image.putalpha(Image.linear_gradient("L").resize(size))
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=10, method=0, alpha_quality=100)
    return stream.getvalue()


def _rich(size: Size) -> bytes:
    """Return a lossless WebP of many colours: its decoder packs few colours into fewer bytes."""
    coarse = np.random.default_rng(7).integers(0, 256, (9, 12, 4), dtype=np.uint8)
    image = Image.fromarray(coarse).resize(size, Image.Resampling.BILINEAR)
    stream = io.BytesIO()
    image.save(stream, "WEBP", lossless=True, quality=0, method=0, exact=True)
    return stream.getvalue()


def _png(depth: int, colour: int, size: Size, *, interlaced: bool = False) -> bytes:
    width, height = size
    bits = _CHANNELS[colour] * depth
    packer = zlib.compressobj(9)
    body = []
    for left, top, across, down in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        row = bytes(1 + ((width - left + across - 1) // across * bits + 7) // 8)
        body += [packer.compress(row) for _ in range((height - top + down - 1) // down)]
    body.append(packer.flush())
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    palette = _chunk(b"PLTE", bytes(768)) + _chunk(b"tRNS", bytes(range(256)))
    parts = (
        _chunk(b"IHDR", head),
        palette if colour == 3 else b"",
        _chunk(b"IDAT", b"".join(body)),
        _chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(name: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + checksum


def _tiff(kind: str, samples: int, size: Size, **options: Any) -> bytes:
    """Return a TIFF of one strip, or of what `options` say."""
    shape = (*size[::-1], samples) if samples > 1 else size[::-1]
    values = np.zeros(shape, kind)
    values.flat[0] = 1
    stream = io.BytesIO()
    given = {"compression": "zlib", "rowsperstrip": size[1]} | options
    if "tile" in given:
        del given["rowsperstrip"]
    if samples > 1:
        given["photometric"] = "rgb"
    tifffile.imwrite(stream, values, **given)
    return stream.getvalue()


def _one_tile(size: Size) -> bytes:
    tile = tuple(-(-side // 16) * 16 for side in size[::-1])
    return _tiff("u1", 3, size, tile=tile)


def _turned(size: Size) -> bytes:
    return _saved("RGB", "TIFF", size, compression="tiff_lzw", tiffinfo={274: 6})


def _packed_bitmap(size: Size) -> bytes:
    width, height = size
    run = b"\xff\x07" * (width // 255) + bytes([width % 255, 7]) + b"\0\0"
    body = run * height + b"\0\1"
    palette = b"".join(bytes([grey] * 3 + [0]) for grey in range(256))
    start = 54 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(body), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + head + palette + body


FORMATS: dict[str, Callable[[Size], bytes]] = {
    "JPEG": partial(_saved, "RGB", "JPEG", subsampling=0),
    "JPEG, progressive": partial(_saved, "RGB", "JPEG", subsampling=0, progressive=True),
    "JPEG, progressive 4:2:0": partial(_saved, "RGB", "JPEG", subsampling=2, progressive=True),
    "JPEG without its end mark": lambda size: _saved("RGB", "JPEG", size, subsampling=0)[:-2],
    "JPEG, progressive without its end mark": lambda size: _saved(
        "RGB", "JPEG", size, subsampling=0, progressive=True
    )[:-2],
    "JPEG with a profile": partial(_saved, "RGB", "JPEG", icc_profile=profiles.of_screen()),
    "JPEG, CMYK": partial(_saved, "CMYK", "JPEG"),
    "JPEG, CMYK progressive": partial(_saved, "CMYK", "JPEG", progressive=True),
    "MPO": partial(_moving, "RGB", "MPO", subsampling=0),
    "PNG, grey": partial(_png, 8, 0),
    "PNG, 1 bit": partial(_png, 1, 0),
    "PNG, 16-bit grey": partial(_png, 16, 0),
    "PNG, grey with alpha": partial(_png, 8, 4),
    "PNG, palette with alpha": partial(_png, 8, 3),
    "PNG, RGB": partial(_png, 8, 2),
    "PNG, RGBA": partial(_png, 8, 6),
    "PNG, 16-bit RGBA": partial(_png, 16, 6),
    "PNG, 16-bit RGBA interlaced": partial(_png, 16, 6, interlaced=True),
    "APNG": partial(_moving, "RGBA", "PNG", compress_level=1),
    "WebP, lossy": partial(_saved, "RGB", "WEBP", quality=10, method=0),
    "WebP, lossy with alpha": _layered,
    "WebP, lossless": partial(_saved, "RGBA", "WEBP", lossless=True, quality=0, method=0),
    "WebP, lossless of many colours": _rich,
    "WebP, animated": partial(_moving, "RGBA", "WEBP", lossless=True, quality=0, method=0),
    "GIF": partial(_saved, "P", "GIF"),
    "GIF, transparent": partial(_saved, "P", "GIF", transparency=1),
    "GIF, animated": partial(_moving, "P", "GIF"),
    "TIFF, LZW": partial(_saved, "RGB", "TIFF", compression="tiff_lzw"),
    "TIFF, turned": _turned,
    "TIFF, one strip": partial(_tiff, "u1", 3),
    "TIFF, one tile": _one_tile,
    "TIFF, tiles": partial(_tiff, "u1", 3, tile=(512, 512)),
    "TIFF, 16-bit RGB": partial(_tiff, "u2", 3),
    "TIFF, 16-bit RGBA": partial(_tiff, "u2", 4, extrasamples=["unassalpha"]),
    "TIFF, 16-bit grey": partial(_tiff, "u2", 1),
    "TIFF, float": partial(_tiff, "f4", 1),
    "TIFF, 32-bit integers": partial(_tiff, "i4", 1),
    "TIFF, CMYK": partial(_saved, "CMYK", "TIFF", compression="tiff_lzw"),
    "TIFF, CMYK with a profile": partial(
        _saved, "CMYK", "TIFF", compression="tiff_lzw", icc_profile=profiles.of_printer()
    ),
    "PNG with a profile": partial(_saved, "RGB", "PNG", icc_profile=profiles.of_screen()),
    "PNG, grey with a profile": partial(_saved, "L", "PNG", icc_profile=profiles.of_grey(1.0)),
    "HEIC with a profile": partial(
        _saved, "RGB", "HEIF", quality=10, icc_profile=profiles.of_screen()
    ),
    "TIFF, LAB": partial(_saved, "LAB", "TIFF", compression="tiff_lzw"),
    "TIFF, JPEG inside": partial(_saved, "RGB", "TIFF", compression="jpeg"),
    "TIFF, fax": partial(_saved, "1", "TIFF", compression="group4"),
    "BMP, 1 bit": partial(_saved, "1", "BMP"),
    "BMP, packed": _packed_bitmap,
    "HEIC": partial(_saved, "RGB", "HEIF", quality=10),
    "HEIC, 4:4:4": partial(_saved, "RGB", "HEIF", quality=10, chroma=444),
    "HEIC with alpha": partial(_saved, "RGBA", "HEIF", quality=10),
}


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))


def weigh(threads: int, files: list[str]) -> dict[str, Any]:
    """Prepare the files, and tell peak, rest, and the largest reservation."""
    settings.configure()
    from dashboard.files.images import costs, images
    from dashboard.files.limits import ImageLimits

    reserved: list[int] = []
    counted = costs.cost

    def cost(*given: Any) -> int:
        reserved.append(counted(*given))
        return reserved[-1]

    costs.cost = cost  # type: ignore[assignment]
    limits = ImageLimits()
    whole = [Path(name).read_bytes() for name in files]
    small = io.BytesIO()
    Image.new("RGB", (50, 40)).save(small, "JPEG")
    images.prepare(small.getvalue(), limits=limits)  # so that all of Pillow is there
    reserved.clear()
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    with ThreadPoolExecutor(threads) as pool:
        made = [*pool.map(lambda data: len(images.prepare(data, limits=limits).stored), whole)]
    peak = _memory("VmHWM") - before
    return {
        "made": len(made),
        "peak": peak,
        "rest": _memory("VmRSS") - before,
        "reserved": max(reserved),
    }


if __name__ == "__main__":
    json.dump(weigh(int(sys.argv[1]), sys.argv[2:]), sys.stdout)
