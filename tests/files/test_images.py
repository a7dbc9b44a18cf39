import contextlib
import hashlib
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dashboard.files import images
from dashboard.files.errors import (
    FileRefused,
    ImageTooLarge,
    TooManyPixels,
    UnknownFormat,
    UnreadableImage,
)
from dashboard.files.limits import ImageLimits
from tests.files.pictures import (
    LIMITS,
    distance,
    drawing,
    encoded,
    exif,
    opened,
    photo,
    png_header,
)

EXACT = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}}
# How a camera that lies on its side stores the picture: what undoes the turn.
TURNED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def prepare(data, **options):
    return images.prepare(data, limits=LIMITS, **options)


def decode(data, **options):
    return images.decode(data, limits=LIMITS, **options)


def turned(orientation):
    turn = TURNED[orientation]
    return drawing() if turn is None else drawing().transpose(turn)


# It works


def test_it_works():
    data = photo(1200, 900)
    kept = prepare(data)
    assert kept.sha256 == hashlib.sha256(data).hexdigest()
    assert kept.file_size == len(data)
    assert kept.stored_sha256 == hashlib.sha256(kept.stored).hexdigest()
    assert (kept.extension, kept.width, kept.height) == ("jpg", 800, 600)
    assert opened(kept.stored).size == (800, 600)
    assert opened(kept.thumbnail).size == (256, 192)
    assert opened(kept.thumbnail).format == "JPEG"


@pytest.mark.parametrize(
    ("kind", "name", "extension", "options"),
    [
        ("JPEG", "JPEG", "jpg", {}),
        ("JPEG", "JPEG", "jpg", {"progressive": True}),
        ("PNG", "PNG", "png", {}),
        ("WEBP", "WEBP", "jpg", {}),
        ("WEBP", "WEBP", "png", {"lossless": True}),
        ("WEBP", "WEBP", "png", {"lossless": True, "icc_profile": b"x" * 500}),
        ("WEBP", "WEBP", "jpg", {"icc_profile": b"x" * 501}),
        ("GIF", "GIF", "png", {}),
        ("TIFF", "TIFF", "png", {}),
        ("TIFF", "TIFF", "png", {"compression": "tiff_lzw"}),
        ("BMP", "BMP", "png", {}),
        ("HEIF", "HEIC", "jpg", {}),
    ],
)
def test_every_format(kind, name, extension, options):
    data = encoded(drawing(), kind, **options)
    facts = images.inspect(data, LIMITS)
    assert (facts.format, facts.width, facts.height) == (name, 90, 60)
    assert facts.sha256 == hashlib.sha256(data).hexdigest()
    assert distance(decode(data), drawing()) < 12
    assert prepare(data).extension == extension


# Equal pixels


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_equal_pixels_stay_equal(mode):
    picture = drawing(1300, 700, mode)
    if mode == "RGBA":
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    kinds = [kind for kind in EXACT if not (kind == "BMP" and mode == "RGBA")]
    files = [encoded(picture, kind, **EXACT[kind]) for kind in kinds]
    assert len({decode(data).tobytes() for data in files}) == 1
    assert len({decode(prepare(data).stored).tobytes() for data in files}) == 1
    shown = {images.decode_for_encoder(data, limits=LIMITS).tobytes() for data in files}
    assert len(shown) == 1


def test_exact_formats_are_stored_exactly():
    for kind, options in EXACT.items():
        kept = prepare(encoded(drawing(), kind, **options))
        assert opened(kept.stored).convert("RGB").tobytes() == drawing().tobytes()


def test_the_same_bytes_show_an_encoder_the_same_pixels():
    data = photo(3000, 2000)
    with ThreadPoolExecutor(4) as pool:
        shown = pool.map(lambda _: images.decode_for_encoder(data, limits=LIMITS), range(8))
    assert len({image.tobytes() for image in shown}) == 1


def test_threads_do_not_disturb_each_other():
    files = [photo(700 + 10 * n, 650) for n in range(6)]
    alone = [prepare(data) for data in files]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(prepare, files * 3)) == alone * 3


# Sizes


@pytest.mark.parametrize("size", [(4000, 3000), (1201, 1200), (601, 5000), (600, 900), (40, 30)])
def test_shorter_side_is_at_most_600(size):
    kept = prepare(photo(*size))
    scale = min(1, 600 / min(size))
    assert (kept.width, kept.height) == pytest.approx([side * scale for side in size], abs=1)
    assert opened(kept.stored).size == (kept.width, kept.height)
    assert max(opened(kept.thumbnail).size) == min(256, max(kept.width, kept.height))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_resize_can_be_left_out(kind):
    kept = prepare(encoded(drawing(1500, 1000), kind), resize=False)
    assert (kept.width, kept.height) == (1500, 1000)
    assert opened(kept.stored).size == (1500, 1000)


@pytest.mark.parametrize("at_least", [1, 100, 199, 200, 201, 399, 400, 800, 5000])
def test_decoding_small_is_never_too_small(at_least):
    full = (1600, 801)
    image = decode(photo(*full), at_least=at_least)
    assert min(image.size) >= min(at_least, min(full))
    assert max(image.size) <= max(full)


def test_decoding_small_saves_work():
    assert decode(photo(1600, 1600), at_least=200).size == (200, 200)


@pytest.mark.parametrize(
    ("size", "longer"), [((2000, 500), 500), ((500, 2000), 500), ((90, 60), 90)]
)
def test_an_encoder_sees_twice_its_side(size, longer):
    assert max(images.decode_for_encoder(photo(*size), limits=LIMITS).size) == longer
    wide = images.decode_for_encoder(photo(*size), side=500, limits=LIMITS)
    assert max(wide.size) >= min(1000, max(size))


def test_a_line_of_pixels_has_a_thumbnail():
    kept = prepare(encoded(Image.new("RGB", (40_000, 1), "red"), "PNG"))
    assert (kept.width, kept.height) == (40_000, 1)
    assert opened(kept.thumbnail).size == (256, 1)


# Orientation and metadata


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", TURNED)
def test_orientation_is_applied(kind, orientation):
    data = encoded(turned(orientation), kind, exif=exif(orientation))
    facts = images.inspect(data, LIMITS)
    assert (facts.width, facts.height) == (90, 60)
    assert distance(decode(data), drawing()) < 12
    kept = prepare(data)
    assert (kept.width, kept.height) == (90, 60)
    assert distance(opened(kept.stored), drawing()) < 12
    assert distance(opened(kept.thumbnail), drawing()) < 12


@pytest.mark.parametrize("size", [(90, 60), (1400, 900)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_metadata_is_dropped(kind, size):
    data = encoded(drawing(*size), kind, exif=exif(), icc_profile=b"profile" * 40)
    kept = prepare(data)
    assert b"SecretCamera" in data
    for file in (kept.stored, kept.thumbnail):
        assert b"SecretCamera" not in file
        assert b"profileprofile" not in file


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("head", [b"MM\x00*", b"II*\x00", b"MM\xff*", b"", b"nonsense"])
def test_broken_exif_does_not_matter(head):
    data = photo(exif=b"Exif\x00\x00" + head + b"\xff" * 60)
    assert prepare(data).width == 90
    assert images.inspect(data, LIMITS).width == 90


def test_a_small_jpeg_is_not_encoded_twice():
    data = photo(500, 400, exif=exif(), comment=b"from me", quality=35)
    kept = prepare(data)
    assert len(kept.stored) < len(data)
    assert b"from me" not in kept.stored
    assert decode(kept.stored).tobytes() == decode(data).tobytes()


def test_a_picture_behind_the_first_is_dropped():
    data = encoded(drawing(), "MPO", save_all=True, append_images=[drawing(80, 50)], exif=exif())
    assert opened(data).format == "MPO"
    kept = prepare(data)
    assert (kept.width, kept.height) == (90, 60)
    assert kept.stored.count(b"\xff\xd9") == 1
    assert images.inspect(data, LIMITS).format == "JPEG"
    assert prepare(encoded(drawing(2400, 1800), "MPO", save_all=True)).width == 800


# Unusual colours


def test_cmyk_jpeg():
    data = encoded(drawing().convert("CMYK"), quality=95)
    assert distance(decode(data), drawing()) < 12
    assert opened(prepare(data).stored).mode == "RGB"


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "I;16"), ("TIFF", "I;16"), ("TIFF", "I;16B")])
def test_16_bits_grey(kind, mode):
    deep = Image.new(mode, (4, 2), 0x80FF)
    assert decode(encoded(deep, kind)).getpixel((0, 0)) == (0x80, 0x80, 0x80)


def test_16_bits_colour():
    """Pillow does not write such a file, so it is put together here."""
    row = b"\x00" + b"\x10\xff\x80\x00\xff\xff" * 3
    data = png_header(3, 1).replace(b"\x08\x02\x00\x00\x00", b"\x10\x02\x00\x00\x00")
    data = data[:8] + _png_chunk(b"IHDR", data[16:29]) + _png_chunk(b"IDAT", row, pack=True)
    assert decode(data + _png_chunk(b"IEND", b"")).getpixel((2, 0)) == (0x10, 0x80, 0xFF)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_measurements_are_spread_over_the_greys(mode):
    image = Image.new(mode, (3, 1), 1000)
    image.putpixel((1, 0), 3000)
    image.putpixel((2, 0), 2000)
    data = encoded(image, "TIFF")
    assert [decode(data).getpixel((x, 0))[0] for x in range(3)] == [0, 255, 127]
    flat = encoded(Image.new(mode, (3, 1), 7), "TIFF")
    assert decode(flat).getpixel((0, 0)) == (0, 0, 0)


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(UnreadableImage, match="no colours"):
        decode(encoded(Image.new("F", (3, 1), float("inf")), "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_becomes_white(mode):
    clear = drawing().convert(mode)
    clear.putalpha(0)
    assert decode(encoded(clear, "PNG")).getextrema() == ((255, 255),) * 3


def test_a_transparent_palette_becomes_white():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    data = encoded(image, "PNG", transparency=b"\x00\x80")
    assert decode(data).getpixel((0, 0)) == (255, 255, 255)
    assert decode(data).getpixel((1, 0)) == pytest.approx((127, 127, 255), abs=1)
    assert decode(encoded(image, "GIF", transparency=0)).getpixel((0, 0)) == (255, 255, 255)


def test_a_transparent_colour_becomes_white():
    data = encoded(Image.new("RGB", (2, 2), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert decode(data).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_few_colours(mode, kind):
    image = drawing(mode="L").convert(mode)
    assert decode(encoded(image, kind)).tobytes() == image.convert("RGB").tobytes()


def test_grey_stays_one_channel():
    kept = prepare(encoded(drawing(900, 700, "L"), "PNG"))
    assert opened(kept.stored).mode == "L"
    assert opened(prepare(encoded(drawing(900, 700, "L"))).stored).mode == "L"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_frame_counts(kind):
    second = Image.new("RGB", (90, 60), "lime")
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(drawing(), kind, save_all=True, append_images=[second], **options)
    assert distance(decode(data), drawing()) < 12
    assert prepare(data).extension == "png"


# What is refused


@pytest.mark.parametrize(
    "data",
    [b"", b"hello, I am a .jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", bytes(5000)],
)
def test_no_image_is_refused(data):
    for read in (decode, prepare, lambda data: images.inspect(data, LIMITS)):
        with pytest.raises(UnknownFormat, match=r"Accepted are JPEG, PNG, .* HEIC\."):
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


@pytest.mark.parametrize("size", [(60_000, 60_000), (8000, 6251), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_at_once(size):
    data = png_header(*size)
    start = time.perf_counter()
    for read in (decode, prepare, lambda data: images.inspect(data, LIMITS)):
        with pytest.raises(TooManyPixels, match="at most 50 million"):
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


# Anything at all

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


def _png_chunk(name, body, pack=False):
    if pack:
        body = zlib.compress(body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
