"""Deep pictures and odd transparency, from the bytes that are sent to the stored pixels."""

import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.api.calls import IMAGE
from tests.api.library.test_picture_colours import CARD, CASES, chunk, corners, encoded, stored
from tests.factories import Cast, api_client

RAMP = np.linspace(0, 4095, 256).astype(np.uint16).reshape(16, 16)


def png(depth: int, colour: int, row: bytes, width: int, key: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"tRNS", key)
    body += chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def tiff(values: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, metadata=None, **options)
    return stream.getvalue()


@pytest.mark.parametrize("file", ["v3-32bit-zero.bmp", "v5-zero-alpha.bmp"])
def test_a_bitmap_without_any_alpha_is_opaque(cast: Cast, file: str) -> None:
    assert corners(stored(cast, (CASES / file).read_bytes())) == list(CARD)


def test_a_bitmap_with_alpha_keeps_it(cast: Cast) -> None:
    data = bytearray((CASES / "v5-zero-alpha.bmp").read_bytes())
    start = struct.unpack_from("<L", data, 10)[0]
    data[start + 3] = 255  # the first pixel, of the lowest row
    image = stored(cast, bytes(data))
    assert image.getpixel((0, image.height - 1)) == CARD[2]
    assert image.getpixel((50, 9)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "right"),
    [
        (png(16, 0, b"\x12\x34\x12\x35", 2, b"\x12\x34"), [255, 0x12]),
        (png(4, 0, b"\x37", 2, b"\0\3"), [255, 119]),
        (png(2, 0, b"\x60", 2, b"\0\1"), [255, 170]),
        (png(1, 0, b"\x40", 2, b"\0\0"), [255, 255]),
        (png(8, 0, b"\x12\x13", 2, b"\0\x12"), [255, 0x13]),
        (png(16, 2, b"\x12\x34" * 3 + b"\x80\0" * 3, 2, b"\x12\x34" * 3), [255, 128]),
    ],
)
def test_a_transparent_value_of_any_depth_becomes_white(
    cast: Cast, data: bytes, right: list[int]
) -> None:
    image = stored(cast, data).convert("L")
    assert [image.getpixel((x, 0)) for x in (0, 1)] == right


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_12_bits_in_16_are_spread_over_the_greys(cast: Cast, kind: str, order: str) -> None:
    if kind == "PNG":
        data = encoded(Image.fromarray(RAMP), "PNG")
    else:
        data = tiff(RAMP, byteorder=order, photometric="minisblack")
    image = stored(cast, data + bytes([order == "<"]))
    assert image.getextrema() == (0, 255)
    assert image.getpixel((8, 8)) == pytest.approx(136, abs=1)


@pytest.mark.parametrize("greatest", [4096, 65535])
def test_what_uses_its_bits_is_left_as_it_is(cast: Cast, greatest: int) -> None:
    values = RAMP.copy()
    values[0, 0] = greatest
    image = stored(cast, encoded(Image.fromarray(values), "PNG"))
    assert image.getpixel((15, 15)) == 15


def test_one_grey_is_no_measurement(cast: Cast) -> None:
    image = stored(cast, encoded(Image.new("I;16", (9, 9), 0x0803), "PNG"))
    assert image.getpixel((4, 4)) == 8


@pytest.mark.parametrize("samples", [3, 4])
def test_colours_of_12_bits_in_16_are_told(cast: Cast, samples: int) -> None:
    values = np.stack([RAMP] * samples, axis=-1)
    more = {"extrasamples": ["unassalpha"]} if samples == 4 else {}
    body = {"base64": base64.b64encode(tiff(values, photometric="rgb", **more)).decode()}
    answer = api_client(cast.bob).post(IMAGE, body)
    assert answer.status_code == 400
    assert "only the lower bits of its 16" in str(answer.data)
    bright = tiff(values * 16, photometric="rgb", **more)
    assert stored(cast, bright).size == (16, 16)


def test_black_stays_black(cast: Cast) -> None:
    data = tiff(np.zeros((9, 9, 3), np.uint16), photometric="rgb")
    assert stored(cast, data).getextrema() == ((0, 0),) * 3
