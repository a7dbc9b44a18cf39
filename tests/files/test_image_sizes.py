"""How many pixels are taken, and of what."""

import pytest
from PIL import Image

from dashboard.files.errors import TooManyPixels
from dashboard.files.images import images
from dashboard.files.limits import ImageLimits
from tests.files.pictures import encoded, opened

SMALL = ImageLimits(pixels=1_000_000)


def flat(width: int, height: int, kind: str = "JPEG", **options: object) -> bytes:
    return encoded(Image.new("RGB", (width, height), (94, 140, 68)), kind, **options)


@pytest.mark.parametrize("height", [6120, 6144])
def test_phones_of_50_megapixels(height: int) -> None:
    kept = images.prepare(flat(8160, height, progressive=True))
    assert min(kept.width, kept.height) == 600
    assert opened(kept.stored).getpixel((9, 9)) == pytest.approx((94, 140, 68), abs=4)


def test_a_hundred_million() -> None:
    data = encoded(Image.new("1", (10_000, 10_000)), "PNG")
    assert images.prepare(data).width == 600
    with pytest.raises(TooManyPixels, match="10001 × 10000 pixels; the limit is 100 million"):
        images.inspect(encoded(Image.new("1", (10_001, 10_000)), "PNG"))


def test_a_jpeg_that_is_scaled_down_may_be_larger() -> None:
    data = flat(2300, 1700)
    assert images.prepare(data, limits=SMALL).height == 600
    assert images.show(data, limits=SMALL).width == 2300
    assert images.inspect(data, SMALL).width == 2300
    assert images.decode(data, at_least=400, limits=SMALL).width < 1000
    for read in (
        images.decode,
        lambda one, limits: images.prepare(one, resize=False, limits=limits),
    ):
        with pytest.raises(TooManyPixels, match="2300 × 1700 pixels; the limit is 1 million"):
            read(data, limits=SMALL)
    with pytest.raises(TooManyPixels, match="2300 × 1700"):
        images.prepare(flat(2300, 1700, "PNG"), limits=SMALL)
    with pytest.raises(TooManyPixels, match="2300 × 1800"):
        images.prepare(flat(2300, 1800), limits=SMALL)


def test_what_the_decoder_cannot_scale_enough_is_refused() -> None:
    """The shorter side stays at 600 or more: then more than the limit are left."""
    with pytest.raises(TooManyPixels, match="3000 × 900"):
        images.prepare(flat(3000, 900), limits=SMALL)


def test_a_progressive_one_is_held_whole() -> None:
    for subsampling, width in ((0, 1300), (2, 2500)):
        options = {"progressive": True, "subsampling": subsampling}
        with pytest.raises(TooManyPixels):
            images.prepare(flat(width, 900, **options), limits=SMALL)
    assert images.prepare(flat(1600, 1220, progressive=True, subsampling=2), limits=SMALL)


def test_what_pillow_itself_refuses_is_told_as_well() -> None:
    with pytest.raises(
        TooManyPixels, match=r"has too many pixels, 1,000 million; the limit is 100 million"
    ):
        images.inspect(encoded(Image.new("1", (50_000, 20_000)), "PNG"))
