"""Decode the first image of a WebP file into one buffer.

Pillow always uses libwebp's animation decoder, which holds two canvases beside the frame and
returns copies: 20 bytes a pixel (measured), of which the decoder itself needs four. So libwebp's
plain function is called, in the library that Pillow has already loaded. If it is not accessible,
Pillow decodes as usual, and the budget counts what that takes.
"""

import ctypes
import mmap
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from PIL import Image, _webp

_PIXELS: Final = (b"VP8L", b"VP8 ")
_FIRST_CHUNK: Final = 12
_FRAME_HEADER: Final = 16  # of an animation's frame, before chunks of its own

_Decode = Callable[[bytes, int, int, int, int], int | None]


class Frame(NamedTuple):
    """The position of the first image in the file, and its place on the canvas."""

    start: int
    end: int
    left: int
    top: int
    is_lossless: bool
    has_layer: bool  # transparency beside a lossy image


class _Chunk(NamedTuple):
    name: bytes
    start: int  # of the header
    body: int
    end: int


def first_frame(data: bytes) -> Frame | None:
    """Return the first image, or None."""
    left = top = 0
    end, is_framed = len(data), False
    layer = None
    for chunk in _chunks(data):
        if chunk.name == b"ANMF" and chunk.end - chunk.body >= _FRAME_HEADER:
            left = 2 * int.from_bytes(data[chunk.body : chunk.body + 3], "little")
            top = 2 * int.from_bytes(data[chunk.body + 3 : chunk.body + 6], "little")
            end, is_framed = chunk.end, True
            layer = None
        elif chunk.name == b"ALPH":
            layer = chunk.start
        elif chunk.name in _PIXELS:
            start = chunk.start if layer is None else layer
            start = start if is_framed else 0  # a file of one image is decoded whole
            return Frame(start, end, left, top, chunk.name == b"VP8L", layer is not None)
    return None


def can_decode() -> bool:
    """Return whether the library's function was found."""
    return _DECODE is not None


def decode(data: bytes, frame: Frame, size: tuple[int, int]) -> Image.Image:
    """Return the first image on a canvas of that size, RGBA. Raises ValueError."""
    if _DECODE is None:
        raise ValueError("libwebp was not found")
    width, height = size
    # From the system, not from the allocator: it is returned as soon as the image is freed.
    canvas = mmap.mmap(-1, 4 * width * height)
    # libwebp checks the rest: it gets the stride and the number of bytes behind the offset.
    offset = 4 * (frame.top * width + frame.left)
    if offset >= len(canvas):
        raise ValueError("the frame lies outside its canvas")
    place = ctypes.c_char.from_buffer(canvas, offset)
    bits = data if (frame.start, frame.end) == (0, len(data)) else data[frame.start : frame.end]
    done = _DECODE(bits, len(bits), ctypes.addressof(place), len(canvas) - offset, 4 * width)
    del place  # otherwise the map could not be closed
    if not done:
        raise ValueError("libwebp refuses the image")
    return Image.frombuffer("RGBA", size, canvas, "raw", "RGBA", 0, 1)  # type: ignore[arg-type]


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Yield the chunks in their order; those inside a frame follow it."""
    position = _FIRST_CHUNK
    while position + 8 <= len(data):
        name = data[position : position + 4]
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        body = position + 8
        yield _Chunk(name, position, body, min(body + size, len(data)))
        position = body + (_FRAME_HEADER if name == b"ANMF" else size + size % 2)


def _find_decode() -> _Decode | None:
    """Return libwebp's function for RGBA into an existing buffer, if Pillow exports it."""
    try:
        decode = ctypes.CDLL(_webp.__file__).WebPDecodeRGBAInto
    except (AttributeError, OSError):
        return None
    decode.argtypes = (
        *(ctypes.c_char_p, ctypes.c_size_t),
        *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int),
    )
    decode.restype = ctypes.c_void_p
    found: _Decode = decode
    return found


_DECODE: Final = _find_decode()
