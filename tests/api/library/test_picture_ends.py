"""Files with odd ends: taken where all pixels are there, refused where some are cut off."""

import base64
import io
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image, ImageFile, PngImagePlugin

from dashboard.files.errors import EndMissing, FileRefused
from dashboard.files.images import images
from dashboard.models import Image as Row
from tests.api.calls import IMAGE
from tests.api.library.test_picture_colours import (
    CARD,
    CASES,
    card,
    chunk,
    close,
    corners,
    encoded,
    stored,
)
from tests.factories import Cast, api_client
from tests.files import profiles
from tests.files.pictures import LIMITS, drawing, opened

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "progressive": {"progressive": True},
    "grey": {},
    "restarts": {"restart_marker_rows": 1},
    "fine": {"subsampling": 0, "quality": 97},
}


def jpeg(kind: str, size: tuple[int, int] = (900, 700)) -> bytes:
    image = drawing(*size, mode="L" if kind == "grey" else "RGB")
    return encoded(image, "JPEG", **{"quality": 85, **KINDS[kind]})


def refusal(cast: Cast, data: bytes) -> str:
    body = {"base64": base64.b64encode(data).decode()}
    answer = api_client(cast.bob).post(IMAGE, body)
    assert answer.status_code == 400
    assert not Row.objects.exists()
    return str(answer.data)


@pytest.mark.parametrize("name", ["no-eoi", "progressive-no-eoi", "zero-padded", "trailing"])
@pytest.mark.parametrize("noresize", [True, False])
def test_only_the_end_mark_lacks(cast: Cast, name: str, noresize: bool) -> None:
    image = stored(cast, (CASES / f"{name}.jpg").read_bytes(), noresize=noresize)
    assert image.size == (400, 300)
    assert close(corners(image), CARD)


def test_what_is_cut_off_is_refused(cast: Cast) -> None:
    assert "end of the image is missing" in refusal(
        cast, (CASES / "cut-60-percent.jpg").read_bytes()
    )


@pytest.mark.parametrize("padding", [b"", bytes(5000)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_jpeg(kind: str, padding: bytes) -> None:
    data = jpeg(kind)
    whole = images.prepare(data, limits=LIMITS)
    ended = images.prepare(data[:-2] + padding, limits=LIMITS)
    assert ended.sha256 == images.sha256(data[:-2] + padding)
    assert ended.stored_sha256 == whole.stored_sha256
    for part in (0.3, 0.6, 0.9, 0.97):
        cut = data[: int(part * len(data))].rstrip(b"\0\xff") + padding
        for read in (images.prepare, images.show, images.decode):
            with pytest.raises(EndMissing):
                read(cut, limits=LIMITS)


def test_zeros_that_are_the_picture() -> None:
    """White with tables of its own is coded in zeros alone."""
    page = encoded(Image.new("L", (240, 160), 255), "JPEG", optimize=True)
    assert page[:-2].endswith(bytes(40))
    assert images.decode(page[:-2], limits=LIMITS).getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("kind", KINDS)
def test_filling_before_a_marker(kind: str) -> None:
    data = jpeg(kind, (400, 300))
    filled = data.replace(b"\xff\xdb", b"\xff\xff\xff\xdb")
    assert filled != data
    whole = images.decode(data, limits=LIMITS)
    for one in (filled, filled[:-2], filled + b"trailer", filled[:-2] + bytes(40)):
        assert images.decode(one, limits=LIMITS).tobytes() == whole.tobytes()
        assert opened(images.prepare(one, limits=LIMITS).stored).size == (400, 300)


def test_nothing_is_set_for_the_whole_process() -> None:
    """Pillow's own switch would let every thread take pictures that are cut off."""
    data, cut = jpeg("plain")[:-2], encoded(drawing(900, 700), "PNG")[:4000]

    def refused(one: bytes) -> bool:
        try:
            images.prepare(one, limits=LIMITS)
        except FileRefused:
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(refused, [data, cut] * 20)) == [False, True] * 20
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "HEIF"])
def test_the_sentence_says_that_the_end_is_missing(cast: Cast, kind: str) -> None:
    data = encoded(drawing(900, 700), kind)
    assert "end of the image is missing" in refusal(cast, data[: len(data) * 2 // 3])


# PNG


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place < len(data):
        size = struct.unpack_from(">L", data, place)[0]
        yield data[place + 4 : place + 8], data[place : place + 12 + size]
        place += 12 + size


def with_chunk(data: bytes, extra: bytes) -> bytes:
    head = data[:33]  # mark and IHDR
    return head + extra + data[33:]


@pytest.mark.parametrize("name", ["ztxt.png", "iccp.png"])
def test_a_long_text_or_profile(cast: Cast, name: str) -> None:
    assert close(corners(stored(cast, (CASES / name).read_bytes())), CARD)


BIG = zlib.compress(bytes(30_000_000))
ODD = {
    "text": chunk(b"tEXt", b"Comment\0" + b"x" * 3_000_000),
    "packed text": chunk(b"zTXt", b"Comment\0\0" + BIG),
    "international text": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BIG),
    "packed EXIF": chunk(b"zTXt", b"Raw profile type exif\0\0" + BIG),
    "profile": chunk(b"iCCP", b"icc\0\0" + BIG),
    "broken profile": chunk(b"iCCP", b"icc\0\0nonsense"),
    "profile without a name": chunk(b"iCCP", b""),
    "wrong checksum of text": chunk(b"tEXt", b"Comment\0hello", wrong=1),
    "wrong checksum of time": chunk(b"tIME", bytes(7), wrong=1),
    "wrong checksum of EXIF": chunk(b"eXIf", b"MM\0*" + bytes(8), wrong=1),
    "wrong checksum of a profile": chunk(
        b"iCCP", b"icc\0\0" + zlib.compress(profiles.of_screen()), wrong=1
    ),
    "short chunks": chunk(b"tIME", b"") + chunk(b"pHYs", b"") + chunk(b"gAMA", b""),
    "a frame's number": chunk(b"acTL", bytes(3)) + chunk(b"fcTL", bytes(5)),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_dropped_anyway(cast: Cast, name: str) -> None:
    data = with_chunk(encoded(card(), "PNG"), ODD[name])
    assert stored(cast, data).tobytes() == card().tobytes()


def test_wrong_pixels_are_refused(cast: Cast) -> None:
    data = bytearray(encoded(drawing(900, 700), "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert "damaged" in refusal(cast, bytes(data))


def test_a_png_without_its_last_chunk(cast: Cast) -> None:
    assert stored(cast, encoded(card(), "PNG")[:-12]).tobytes() == card().tobytes()


def test_a_comment_that_turns_the_picture_counts(cast: Cast) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
    assert stored(cast, encoded(card(), "PNG", pnginfo=text)).size == (60, 80)


def test_an_animation_gives_the_picture_that_viewers_without_animations_show(cast: Cast) -> None:
    stream = io.BytesIO()
    frames = [Image.new("RGB", (80, 60), colour) for colour in ("lime", "red")]
    card().save(stream, "PNG", save_all=True, append_images=frames, default_image=True)
    assert b"acTL" in [name for name, _ in chunks(stream.getvalue())]
    assert stored(cast, stream.getvalue()).tobytes() == card().tobytes()
