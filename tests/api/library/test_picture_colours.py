"""From the bytes that are sent to the pixels that are stored: colours as viewers show them."""

import base64
import io
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from django.test import Client
from PIL import Image, ImageCms

from dashboard.files.images import images
from tests.api.calls import IMAGE
from tests.factories import Cast, api_client
from tests.files import profiles
from tests.files.pictures import drawing

CASES = Path(__file__).parents[2] / "files" / "cases"
Colour = tuple[int, int, int]
CARD: tuple[Colour, ...] = ((200, 40, 40), (40, 160, 60), (40, 60, 200), (230, 200, 40))
# Worked out by hand with the matrices of the standards, gamma 2.2 where there is no other.
RIGHT: dict[str, tuple[bytes, tuple[Colour, ...]]] = {
    "P3": (profiles.of_screen(), ((220, 0, 18), (0, 164, 35), (28, 58, 209), (237, 200, 0))),
    "Adobe RGB": (
        profiles.of_screen(profiles.ADOBE, 2.2),
        ((233, 35, 35), (0, 161, 47), (21, 57, 205), (241, 201, 0)),
    ),
    "ProPhoto": (
        profiles.of_screen(profiles.PROPHOTO, 1.8, profiles.D50),
        ((255, 0, 49), (0, 191, 38), (0, 80, 223), (255, 204, 0)),
    ),
}
FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "TIFF": {},
    "WEBP": {"quality": 95},
    "HEIF": {"quality": 95, "chroma": 444},
}


def card(size: tuple[int, int] = (80, 60)) -> Image.Image:
    image = Image.new("RGB", (2, 2))
    for place, colour in zip(((0, 0), (1, 0), (0, 1), (1, 1)), CARD, strict=True):
        image.putpixel(place, colour)
    return image.resize(size, Image.Resampling.NEAREST)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def stored(cast: Cast, data: bytes, **fields: Any) -> Image.Image:
    """Return the picture that is stored of what was sent."""
    body = {"base64": base64.b64encode(data).decode(), **fields}
    answer = api_client(cast.bob).post(IMAGE, body)
    assert answer.status_code == 201, answer.data
    link = answer.json()["img_path"].removeprefix("http://testserver")
    kept = b"".join(Client().get(link).streaming_content)  # type: ignore[attr-defined]
    image = Image.open(io.BytesIO(kept))
    assert "icc_profile" not in image.info
    return image


def chunk(name: bytes, body: bytes, wrong: int = 0) -> bytes:
    checksum = zlib.crc32(name + body) ^ wrong
    return struct.pack(">L", len(body)) + name + body + struct.pack(">L", checksum)


def corners(image: Image.Image) -> list[Any]:
    width, height = image.size
    at = [(width * x // 4, height * y // 4) for y in (1, 3) for x in (1, 3)]
    return [image.getpixel(place) for place in at]


def close(found: Any, right: Any) -> bool:
    pairs = zip(sum(found, ()), sum(right, ()), strict=True)
    return all(abs(one - other) <= 8 for one, other in pairs)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", RIGHT)
def test_a_profile_is_applied(cast: Cast, name: str, kind: str) -> None:
    profile, right = RIGHT[name]
    data = encoded(card(), kind, icc_profile=profile, **FORMATS[kind])
    assert close(corners(stored(cast, data)), right)


def test_display_p3_as_a_phone_writes_it(cast: Cast) -> None:
    right = ((218, 0, 26), (0, 163, 40), (35, 61, 207), (236, 199, 0))
    assert close(corners(stored(cast, (CASES / "p3.jpg").read_bytes())), right)


@pytest.mark.parametrize("file", ["gray-linear.jpg", "gray10.png"])
def test_a_profile_of_greys(cast: Cast, file: str) -> None:
    image = stored(cast, (CASES / file).read_bytes())
    assert image.mode == "L"
    assert corners(image) == pytest.approx([137, 137, 225, 225], abs=8)


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_greys_of_every_mode(cast: Cast, mode: str) -> None:
    grey = Image.new("L", (40, 30), 64)
    image = Image.new("I;16", grey.size, 64 << 8) if mode == "I;16" else grey.convert(mode)
    image = stored(cast, encoded(image, "PNG", icc_profile=profiles.of_grey(1.0)))
    assert image.convert("L").getpixel((9, 9)) == pytest.approx(137, abs=2)


def test_a_screens_profile_on_greys(cast: Cast) -> None:
    profile = profiles.of_screen(profiles.SRGB, 1.0)
    image = stored(cast, encoded(Image.new("L", (40, 30), 64), "PNG", icc_profile=profile))
    assert image.getpixel((9, 9)) == pytest.approx(137, abs=2)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_a_printers_profile(cast: Cast, kind: str) -> None:
    """Of this printer cyan is black, and all else leaves no trace."""
    image = Image.new("CMYK", (800, 700), (255, 0, 0, 0))
    image.paste((0, 200, 200, 200), (400, 0, 800, 700))
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    data = encoded(image, kind, icc_profile=profiles.of_printer(), **options)
    for kept in (stored(cast, data), stored(cast, data + b"\0", noresize=True)):
        left, right = kept.getpixel((99, 99)), kept.getpixel((kept.width - 99, 99))
        assert close([left, right], [(0, 0, 0), (255, 255, 255)])


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_transparent_and_indexed_pictures(cast: Cast, mode: str) -> None:
    profile, right = RIGHT["P3"]
    image = card()
    image = image.quantize(8) if mode == "P" else image.convert(mode)
    assert close(corners(stored(cast, encoded(image, "PNG", icc_profile=profile))), right)


def test_white_stays_white(cast: Cast) -> None:
    clear = card().convert("RGBA")
    clear.putalpha(0)
    for number, (profile, _) in enumerate(RIGHT.values()):
        data = encoded(clear.resize((80 + number, 60)), "PNG", icc_profile=profile)
        assert stored(cast, data).getextrema() == ((255, 255),) * 3


def test_equal_pixels_with_equal_profiles_stay_equal() -> None:
    picture = drawing(1300, 700)
    kinds: dict[str, dict[str, Any]] = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}
    for profile in (profiles.of_screen(), profiles.of_screen(profiles.PROPHOTO, 1.8)):
        files = [encoded(picture, kind, icc_profile=profile, **kinds[kind]) for kind in kinds]
        assert len({images.prepare(data).stored_sha256 for data in files}) == 1
        assert len({images.show(data).picture.tobytes() for data in files}) == 1


def test_an_encoder_is_shown_the_colours_that_are_stored() -> None:
    profile, right = RIGHT["P3"]
    for kind, options in FORMATS.items():
        data = encoded(card(), kind, icc_profile=profile, **options)
        assert close(corners(images.show(data).picture), right)


def test_threads_share_what_a_profile_asks_for() -> None:
    made = [profiles.of_screen(gamma=1.4 + step / 10) for step in range(24)]  # more than are kept
    files = [encoded(drawing(300, 200), "PNG", icc_profile=one) for one in made]
    alone = [images.prepare(data).stored_sha256 for data in files]
    assert len(set(alone)) == len(files)
    with ThreadPoolExecutor(6) as pool:
        together = [*pool.map(lambda data: images.prepare(data).stored_sha256, files * 4)]
    assert together == alone * 4


# Without a profile


def described(*chunks: bytes) -> bytes:
    data = encoded(card(), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def numbers(name: bytes, *values: float) -> bytes:
    return chunk(name, struct.pack(f">{len(values)}L", *(round(one * 100_000) for one in values)))


P3_POINTS = (*profiles.D65, *(one for point in profiles.P3 for one in point))
SRGB_POINTS = (*profiles.D65, *(one for point in profiles.SRGB for one in point))
AS_P3: tuple[Colour, ...] = ((218, 0, 26), (0, 163, 40), (35, 61, 207), (236, 199, 0))


@pytest.mark.parametrize("gamma", [(), (1 / 2.2,)])
def test_a_png_that_names_its_primaries(cast: Cast, gamma: tuple[float, ...]) -> None:
    data = described(*(numbers(b"gAMA", one) for one in gamma), numbers(b"cHRM", *P3_POINTS))
    assert close(corners(stored(cast, data)), AS_P3)


def test_a_png_that_names_its_gamma(cast: Cast) -> None:
    data = described(numbers(b"gAMA", 1.0))
    right = ((228, 110, 110), (110, 206, 133), (110, 133, 228), (243, 228, 110))
    assert close(corners(stored(cast, data)), right)


@pytest.mark.parametrize(
    "chunks",
    [
        (numbers(b"gAMA", 1 / 2.2), numbers(b"cHRM", *SRGB_POINTS)),
        (chunk(b"sRGB", b"\0"), numbers(b"gAMA", 1.0), numbers(b"cHRM", *P3_POINTS)),
        (numbers(b"gAMA", 0.0),),
        (numbers(b"gAMA", 0.001),),
        (numbers(b"gAMA", 40_000.0),),
        (numbers(b"cHRM", *[0.0] * 8),),
        (numbers(b"cHRM", *[0.3] * 8),),
        (numbers(b"cHRM", *[40_000.0] * 8),),
    ],
)
def test_a_png_that_means_srgb_or_nothing(cast: Cast, chunks: tuple[bytes, ...]) -> None:
    assert stored(cast, described(*chunks)).tobytes() == card().tobytes()


def test_a_profile_comes_before_numbers(cast: Cast) -> None:
    profile = chunk(b"iCCP", b"icc\0\0" + zlib.compress(profiles.of_screen()))
    data = described(numbers(b"gAMA", 1.0), profile)
    assert close(corners(stored(cast, data)), RIGHT["P3"][1])


@pytest.mark.parametrize(
    ("primaries", "transfer", "right"),
    [(12, 13, AS_P3), (1, 13, CARD), (1, 1, CARD), (12, 16, CARD)],
)
def test_the_video_codes_of_a_heic(
    cast: Cast, primaries: int, transfer: int, right: tuple[Colour, ...]
) -> None:
    codes = {"color_primaries": primaries, "transfer_characteristics": transfer}
    video = {**codes, "matrix_coefficients": 6, "full_range_flag": 1}
    stream = io.BytesIO()
    pillow_heif.from_pillow(card()).save(stream, quality=95, chroma=444, **video)
    assert close(corners(stored(cast, stream.getvalue())), right)


def broken() -> dict[str, bytes]:
    good = profiles.of_screen()
    return {
        "text": b"profile" * 40,
        "cut": good[:200],
        "of nothing": profiles.packed(b"RGB ", b"XYZ ", {}),
        "another space": profiles.packed(b"HSV ", b"XYZ ", {}),
        "of greys": profiles.of_grey(1.0),
        "of a printer": profiles.of_printer(),
        "all black": profiles.of_screen(gamma=0.0).replace(b"rXYZ", b"xXYZ"),
        # Where its second tag lies, which is a primary.
        "beyond its end": good[:136] + good[136:].replace(good[148:152], b"\x7f\xff\xff\xff"),
        "huge": good + bytes(5 << 20),
        "no end of tags": good[:128] + b"\xff\xff\xff\xff" + good[132:],
    }


@pytest.mark.parametrize("name", broken())
def test_a_broken_profile_counts_as_srgb(cast: Cast, name: str) -> None:
    data = encoded(card(), "TIFF", icc_profile=broken()[name])
    assert corners(stored(cast, data)) == list(CARD)


def test_a_profile_that_means_srgb_changes_nothing(cast: Cast) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(card(), "PNG", icc_profile=profile)
    assert stored(cast, data).tobytes() == card().tobytes()


def test_a_large_one_is_the_same_as_a_small_one(cast: Cast) -> None:
    """Scaled by the decoder, or strip by strip, or not at all: the colours are the same."""
    profile, right = RIGHT["P3"]
    made: list[Callable[[], bytes]] = [
        lambda: encoded(card((3200, 2400)), "JPEG", icc_profile=profile, **FORMATS["JPEG"]),
        lambda: encoded(card((1300, 1200)), "PNG", icc_profile=profile),
        lambda: encoded(card((1300, 1200)).convert("RGBA"), "PNG", icc_profile=profile),
    ]
    for make in made:
        assert close(corners(stored(cast, make())), right)
        assert close(corners(stored(cast, make() + b"\0", noresize=True)), right)
