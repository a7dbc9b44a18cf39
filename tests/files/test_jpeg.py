import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.files.errors import UnreadableImage
from dashboard.files.images import images, jpeg
from tests.files.pictures import LIMITS, drawing, encoded, exif, opened, photo


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_it_works(mode, options):
    data = encoded(
        drawing(200, 130, mode), exif=exif(), comment=b"mine", icc_profile=b"p" * 9, **options
    )
    bare = jpeg.strip(data)
    assert opened(bare).tobytes() == opened(data).tobytes()
    assert opened(bare).size == (200, 130)
    for word in (b"SecretCamera", b"mine", b"ICC_PROFILE"):
        assert word in data
        assert word not in bare


def test_what_follows_the_end_is_dropped():
    data = photo()
    assert jpeg.strip(data + b"a film, another picture \xff\xd8 ... \xff\xd9") == jpeg.strip(data)


def test_a_preview_in_the_header_is_dropped():
    preview = (
        b"\xff\xe0"
        + (16 + 3).to_bytes(2, "big")
        + b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x01\x01abc"
    )
    data = photo()
    assert jpeg.strip(data[:2] + preview + data[20:]) == jpeg.strip(data)


def test_it_is_done_once():
    bare = jpeg.strip(photo(exif=exif()))
    assert jpeg.strip(bare) == bare


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9"[:3],
        photo()[:-2],
        photo()[:100],
        photo().replace(b"\xff\xc0", b"\xff\xc9", 1),  # arithmetic coding: browsers do not show it
        photo()[:2] + b"no marker" + photo()[2:],
    ],
    ids=["empty", "start", "start and half", "no end", "head", "arithmetic", "no marker"],
)
def test_odd_files_are_left_to_the_encoder(data):
    assert jpeg.strip(data) is None


@given(st.binary(max_size=80).map(lambda tail: b"\xff\xd8" + tail))
def test_anything_is_stripped_or_not(data):
    assert jpeg.strip(data) is None or data.startswith(b"\xff\xd8")
    assert not jpeg.has_too_many_scans(data)


def test_ten_scans_are_fine():
    assert not jpeg.has_too_many_scans(photo(progressive=True))


def test_thousands_of_scans_are_refused():
    data = photo(progressive=True)
    last = data.rindex(b"\xff\xda")
    bomb = data[:last] + data[last:-2] * 150 + data[-2:]
    assert jpeg.has_too_many_scans(bomb)
    with pytest.raises(UnreadableImage, match="layers"):
        images.prepare(bomb, limits=LIMITS)


def test_scan_marks_in_metadata_do_not_count():
    assert not jpeg.has_too_many_scans(photo(progressive=True, comment=b"\xff\xda" * 500))
