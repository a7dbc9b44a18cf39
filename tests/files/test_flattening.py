"""Strip by strip gives to the bit what the whole picture at once gives."""

import io

import numpy as np
import pytest
from PIL import Image

from dashboard.files.errors import UnreadableImage
from dashboard.files.images import images, pixels, webp
from tests.files.pictures import LIMITS, encoded

SIZE = (1500, 1300)  # some eight strips
NOISE = np.random.default_rng(12).integers(0, 256, (*SIZE[::-1], 4), dtype=np.uint8)


def of_mode(mode: str) -> Image.Image:
    if mode in ("I", "F", "I;16"):
        deep = NOISE[..., 0].astype(np.uint16) * 257
        return Image.fromarray(
            deep if mode == "I;16" else deep.astype("i4" if mode == "I" else "f4")
        )
    bands = {"RGBA": 4, "RGBa": 4, "RGBX": 4, "CMYK": 4, "LA": 2, "PA": 2, "L": 1, "P": 1}
    if mode == "1":
        return Image.fromarray(NOISE[..., 0]).convert("1")
    count = bands.get(mode, 3)
    body = NOISE[..., :count].tobytes()
    image = Image.frombytes(mode, SIZE, body) if mode != "PA" else Image.new("PA", SIZE)
    if mode == "PA":
        image = Image.merge("PA", [Image.fromarray(NOISE[..., 0]), Image.fromarray(NOISE[..., 1])])
    if mode in ("P", "PA"):
        image.putpalette(NOISE[0, :256, :3].tobytes())
    return image


def with_key(mode: str, key: object) -> Image.Image:
    image = of_mode(mode)
    image.info["transparency"] = key
    return image


def plainly(image: Image.Image, shorter_side: int | None) -> Image.Image:
    """Flatten the whole picture, then scale it: what was done before there were strips."""
    if image.mode.startswith("I;16"):
        flat = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode in ("I", "F"):
        low, high = (float(one) for one in image.getextrema())
        scale = 255 / (high - low)
        flat = image.convert("F").point(lambda value: value * scale - low * scale).convert("L")
    elif image.has_transparency_data:
        clear = image.convert("RGBA")
        flat = Image.new("RGB", image.size, "white")
        flat.paste(clear.convert("RGB"), mask=clear.getchannel("A"))
    elif image.mode in ("L", "RGB"):
        flat = image
    else:
        flat = image.convert("L" if image.mode == "1" else "RGB")
    if shorter_side is None or min(flat.size) <= shorter_side:
        return flat
    size = [max(1, round(side * shorter_side / min(flat.size))) for side in flat.size]
    return flat.resize(tuple(size), Image.Resampling.HAMMING)


MODES = (
    *("1", "L", "P", "PA", "LA", "RGB", "RGBA", "RGBa", "RGBX"),
    *("CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16"),
)
CASES = {mode: lambda mode=mode: of_mode(mode) for mode in MODES} | {
    "P by index": lambda: with_key("P", 7),
    "P by bytes": lambda: with_key("P", bytes(range(256))),
    "L by grey": lambda: with_key("L", 9),
    "RGB by colour": lambda: with_key("RGB", tuple(int(one) for one in NOISE[3, 4, :3])),
    "1 by value": lambda: with_key("1", 255),
}


@pytest.mark.parametrize("shorter_side", [None, 1299, 600, 7])
@pytest.mark.parametrize("case", CASES)
def test_it_works(case: str, shorter_side: int | None) -> None:
    expected = plainly(CASES[case](), shorter_side)
    found = pixels.flattened(CASES[case](), shorter_side)
    assert (found.mode, found.size) == (expected.mode, expected.size)
    assert found.tobytes() == expected.tobytes()
    assert found.info == {}


@pytest.mark.parametrize("size", [(700_000, 1), (1, 700_000), (600_000, 2), (1, 1)])
def test_lines_are_cut_across(size: tuple[int, int]) -> None:
    image = Image.new("RGBA", size, (10, 20, 30, 40))
    image.putpixel((size[0] - 1, size[1] - 1), (1, 2, 3, 255))
    assert pixels.flattened(image, 600).tobytes() == plainly(image, 600).tobytes()


def test_strips_cover_each_pixel_once() -> None:
    for size in ((1500, 1300), (700_000, 3), (3, 700_000), (262_144, 2), (262_145, 1)):
        for across in (True, False):
            boxes = [*pixels.strips(size, across=across)]
            area = sum((right - left) * (low - top) for left, top, right, low in boxes)
            assert area == size[0] * size[1]
            assert len({box[:2] for box in boxes}) == len(boxes)


# WebP


def animation(**options: object) -> bytes:
    """Two frames; the first fills a part of the canvas where Pillow saves bytes so."""
    canvas = Image.new("RGBA", (200, 120), (0, 0, 0, 0))
    canvas.paste((200, 30, 40, 255), (31, 20, 90, 100))
    other = canvas.copy()
    other.paste((10, 30, 240, 130), (100, 50, 150, 90))
    return encoded(canvas, "WEBP", save_all=True, append_images=[other], **options)


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "moving"])
def test_the_first_picture_of_a_webp_is_that_of_pillow(mode: str, lossless: bool) -> None:
    options = {"lossless": lossless, "icc_profile": b"x" * 501}
    data = animation(**options) if mode == "moving" else encoded(of_mode(mode), "WEBP", **options)
    frame = webp.first_frame(data)
    assert frame is not None
    assert frame.is_lossless == lossless
    expected = Image.open(io.BytesIO(data)).convert("RGBA")
    assert webp.decode(data, frame, expected.size).tobytes() == expected.tobytes()


def test_a_webp_is_read_without_the_function_too(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(of_mode("RGBA"), "WEBP", lossless=True)
    expected = images.prepare(data, limits=LIMITS)
    monkeypatch.setattr(webp, "_DECODE", None)
    assert images.prepare(data, limits=LIMITS) == expected


def test_a_frame_outside_its_canvas_is_refused() -> None:
    data = animation(lossless=True)
    frame = webp.first_frame(data)
    assert frame is not None
    for moved in (frame._replace(top=100), frame._replace(left=190), frame._replace(top=9999)):
        with pytest.raises(ValueError):  # noqa: PT011
            webp.decode(data, moved, (50, 20))
    assert webp.first_frame(b"RIFF\0\0\0\0WEBPVP8X") is None
    with pytest.raises(UnreadableImage):
        images.prepare(data[: len(data) // 2], limits=LIMITS)
