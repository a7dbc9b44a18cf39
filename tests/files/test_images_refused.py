import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.files.errors import (
    FileRefused,
    ImageTooLarge,
    TooManyPixels,
    UnknownFormat,
    UnreadableImage,
)
from dashboard.files.images import images
from dashboard.files.limits import ImageLimits
from tests.files.pictures import (
    LIMITS,
    drawing,
    encoded,
    exif,
    photo,
    png_header,
)


def prepare(data, **options):
    return images.prepare(data, limits=LIMITS, **options)


def decode(data, **options):
    return images.decode(data, limits=LIMITS, **options)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello, I am a .jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", bytes(5000)],
)
def test_no_image_is_refused(data):
    for read in (decode, prepare, lambda data: images.inspect(data, LIMITS)):
        with pytest.raises(UnknownFormat, match=r"Supported formats are JPEG, PNG, .* HEIC\."):
            read(data)


@pytest.mark.parametrize("kind", ["EPS", "PPM", "ICO", "TGA"])
def test_other_formats_are_refused(kind):
    with pytest.raises(UnknownFormat):
        decode(encoded(drawing(48, 48), kind))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "HEIF", "TIFF"])
@pytest.mark.parametrize("resize", [True, False])
def test_truncated_files_are_refused(kind, resize):
    data = encoded(drawing(900, 700), kind)
    for part in (len(data) // 2, len(data) * 9 // 10):
        with pytest.raises(UnreadableImage):
            prepare(data[:part], resize=resize)
        with pytest.raises(UnreadableImage):
            decode(data[:part])
        with pytest.raises(UnreadableImage):
            images.decode_for_encoder(data[:part], limits=LIMITS)


@pytest.mark.parametrize("size", [(60_000, 60_000), (10_000, 10_001), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_at_once(size):
    data = png_header(*size)
    start = time.perf_counter()
    for read in (decode, prepare, lambda data: images.inspect(data, LIMITS)):
        with pytest.raises(TooManyPixels, match=r"has .* pixels.*; the limit is 100 million"):
            read(data)
    assert time.perf_counter() - start < 1


def test_the_limit_on_pixels_can_be_lower():
    with pytest.raises(TooManyPixels, match="90 × 60") as refused:
        images.decode(photo(), limits=ImageLimits(pixels=5399))
    assert (refused.value.width, refused.value.height) == (90, 60)
    assert images.decode(photo(), limits=ImageLimits(pixels=5400)).size == (90, 60)


def test_too_many_bytes_are_refused():
    data = photo()
    with pytest.raises(ImageTooLarge) as refused:
        images.prepare(data, limits=ImageLimits(size=len(data) - 1))
    assert refused.value.size == len(data)
    assert images.prepare(data, limits=ImageLimits(size=len(data)))


def test_what_is_stored_may_be_larger_than_an_upload():
    small = ImageLimits(size=100)
    assert images.decode_for_encoder(photo(), limits=small).size == (90, 60)


def test_the_settings_are_the_default(settings):
    settings.LIKEWISE_MAX_IMAGE = 100
    with pytest.raises(ImageTooLarge, match="100 bytes"):
        images.inspect(photo())


SEEDS = [
    encoded(drawing(24, 16), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF")
] + [photo(24, 16, exif=exif(6), progressive=True)]


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.sampled_from(SEEDS).flatmap(lambda s: st.binary(max_size=60).map(lambda b: s[:30] + b)),
    )
)
def test_random_bytes_are_read_or_refused(data):
    _read_or_refuse(data)


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6),
    st.floats(0.3, 1),
)
def test_damaged_files_are_read_or_refused(seed, changes, kept):
    data = bytearray(seed)
    for place, value in changes:
        data[int(place * len(data))] = value
    _read_or_refuse(bytes(data[: int(kept * len(data))]))


def _read_or_refuse(data):
    small = ImageLimits(pixels=1_000_000)
    for read in (images.prepare, images.decode_for_encoder, images.inspect):
        with contextlib.suppress(FileRefused):
            read(data, limits=small)
