import errno
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from dashboard.files.images import images
from tests.files.pictures import (
    LIMITS,
    distance,
    drawing,
    encoded,
    exif,
    opened,
    photo,
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


class Watched:
    """An encoder of Pillow's that remembers what it was asked for."""

    def __init__(self, encoder, calls):
        self.encoder, self.calls = encoder, calls

    def __getattr__(self, name):
        self.calls.append(name)
        return getattr(self.encoder, name)


def test_encoding_leaves_the_interpreter_to_others(monkeypatch):
    """`encode` holds the interpreter lock, `encode_to_file` releases it."""
    data = photo(800, 700)
    calls: list[str] = []
    make = Image._getencoder
    monkeypatch.setattr(Image, "_getencoder", lambda *args: Watched(make(*args), calls))
    prepare(data)
    assert calls.count("encode_to_file") == 2
    assert "encode" not in calls


def test_without_room_for_a_file_it_is_encoded_in_memory(monkeypatch):
    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    data = photo(800, 700)
    expected = prepare(data)
    monkeypatch.setattr(images, "_memory_file", full)
    assert prepare(data) == expected


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
