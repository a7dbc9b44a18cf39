"""Which picture of a file with several of them is the picture."""

import base64
import io
import struct
from typing import Any

import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image

from dashboard.files.errors import FileRefused
from dashboard.files.images import images
from dashboard.models import Image as Row
from tests.api.calls import IMAGE
from tests.api.library.test_picture_colours import (
    CARD,
    CASES,
    card,
    close,
    corners,
    encoded,
    stored,
)
from tests.factories import Cast, api_client
from tests.files import profiles

PREVIEW = np.asarray(Image.new("RGB", (160, 120), (90, 90, 90)))
FULL = np.asarray(card((640, 480)))
RAW = np.zeros((480, 640), np.uint16)
CFA, LINEAR = 32803, 34892
DNG = (50706, "B", 4, (1, 4, 0, 0), True)


def refusal(cast: Cast, data: bytes) -> str:
    answer = api_client(cast.bob).post(IMAGE, {"base64": base64.b64encode(data).decode()})
    assert answer.status_code == 400
    assert not Row.objects.exists()
    return str(answer.data)


def tiff(*pages: tuple[Any, dict[str, Any]], **options: Any) -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, **options) as writer:
        for pixels, said in pages:
            writer.write(pixels, metadata=None, **said)
    return stream.getvalue()


def first(**said: Any) -> tuple[np.ndarray, dict[str, Any]]:
    return PREVIEW, {"photometric": "rgb", "subfiletype": 1, **said}


def full(**said: Any) -> tuple[np.ndarray, dict[str, Any]]:
    return FULL, {"photometric": "rgb", **said}


def sensor(**said: Any) -> tuple[np.ndarray, dict[str, Any]]:
    return RAW, {"photometric": CFA, "subfiletype": 0, **said}


def as_jpeg(data: bytes) -> bytes:
    """Make the last page within the first one that was packed as JPEG, as DNG has it."""
    strip, patched = encoded(card((640, 480)), "JPEG", quality=95), bytearray(data)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tags = file.pages[0].pages[-1].tags  # type: ignore[union-attr]
        for name, value in {259: 7, 262: 6, 273: len(data), 279: len(strip)}.items():
            form = file.byteorder + {3: "H", 4: "L", 16: "Q"}[int(tags[name].dtype)]
            struct.pack_into(form, patched, tags[name].valueoffset, value)
    return bytes(patched) + strip


# TIFF


def test_the_first_page_counts(cast: Cast) -> None:
    data = tiff(full(), (PREVIEW, {"photometric": "rgb"}), (255 - FULL, {"photometric": "rgb"}))
    assert corners(stored(cast, data)) == list(CARD)


@pytest.mark.parametrize("options", [{}, {"bigtiff": True}, {"byteorder": ">"}])
@pytest.mark.parametrize("said", [{"subfiletype": 1}, {"subfiletype": 0}])
@pytest.mark.parametrize("is_within", [True, False])
def test_a_preview_is_not_the_picture(
    cast: Cast, options: dict[str, Any], said: dict[str, Any], is_within: bool
) -> None:
    """Marked as one, or only small and of the same shape; before the picture or around it."""
    within = {"subifds": 1} if is_within else {}
    image = stored(cast, tiff(first(**said, **within), full(), **options))
    assert image.size == (640, 480)
    assert corners(image) == list(CARD)


def test_the_largest_page_behind_a_preview(cast: Cast) -> None:
    small = (255 - FULL[::2, ::2], {"photometric": "rgb"})
    assert corners(stored(cast, tiff(first(), small, full(), small))) == list(CARD)


def test_a_small_page_of_another_shape_is_no_preview(cast: Cast) -> None:
    pages = ((PREVIEW, {"photometric": "rgb"}), (FULL[:, :300], {"photometric": "rgb"}))
    assert stored(cast, tiff(*pages)).size == (160, 120)


def test_a_preview_alone_is_the_picture(cast: Cast) -> None:
    assert stored(cast, tiff(first())).size == (160, 120)


def test_turn_and_colours_are_those_of_the_first_page(cast: Cast) -> None:
    said = {"extratags": [(274, "H", 1, 6, True)], "iccprofile": profiles.of_screen()}
    image = stored(cast, tiff(first(**said), full()))
    assert image.size == (480, 640)
    assert corners(image)[1] == pytest.approx((220, 0, 18), abs=8)


# Raw files of cameras


def test_a_raw_file_with_a_preview(cast: Cast) -> None:
    assert "This is a raw file of a camera. Export it as JPEG or TIFF" in refusal(
        cast, (CASES / "photo.nef").read_bytes()
    )


@pytest.mark.parametrize(
    "pages",
    [
        (first(extratags=[DNG], subifds=1), sensor()),
        (first(extratags=[DNG]), sensor()),
        (sensor(extratags=[DNG]),),
        (first(subifds=1), (FULL.astype("u2"), {"photometric": LINEAR})),
        (first(subifds=1), (RAW, {"photometric": CFA})),
        (first(subifds=2), sensor(), (FULL[::2, ::2], {"photometric": "rgb", "subfiletype": 1})),
    ],
)
def test_raw_files_without_a_whole_picture(cast: Cast, pages: Any) -> None:
    assert "raw file of a camera" in refusal(cast, tiff(*pages))


@pytest.mark.parametrize("options", [{}, {"bigtiff": True}, {"byteorder": ">"}])
@pytest.mark.parametrize("packed", [as_jpeg, bytes])
def test_the_whole_picture_in_a_raw_file(cast: Cast, packed: Any, options: dict[str, Any]) -> None:
    data = packed(tiff(first(extratags=[DNG], subifds=2), sensor(), full(), **options))
    image = stored(cast, data)
    assert image.size == (640, 480)
    assert close(corners(image), CARD)


def beside(jpeg: bytes, orientation: int = 1) -> bytes:
    """Return what Nikon and Sony write: the camera's JPEG lies beside the raw data."""
    said = [(513, "I", 1, 0x11111111, True), (514, "I", 1, len(jpeg), True), DNG]
    said.append((274, "H", 1, orientation, True))
    data = tiff(first(extratags=said, subifds=1), sensor())
    return data.replace(struct.pack("<L", 0x11111111), struct.pack("<L", len(data)), 1) + jpeg


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_cameras_own_jpeg(cast: Cast, orientation: int) -> None:
    image = stored(cast, beside(encoded(card((630, 472)), "JPEG", quality=95), orientation))
    assert image.size == ((630, 472) if orientation == 1 else (472, 630))
    if orientation == 1:
        assert close(corners(image), CARD)


def test_the_cameras_small_jpeg(cast: Cast) -> None:
    assert "raw file of a camera" in refusal(cast, beside(encoded(card((320, 240)), "JPEG")))


@pytest.mark.parametrize(
    "head",
    [
        *(b"IIU\0\x18\0\0\0", b"IIRO\x08\0\0\0", b"FUJIFILMCCD-RAW 0201", b"FOVb\0\0", b"\0MRM\0"),
        *(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", b"II\x1a\0\0\0HEAPCCDR"),
    ],
)
def test_other_raw_files(cast: Cast, head: bytes) -> None:
    assert "raw file of a camera" in refusal(cast, head + bytes(3000))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_cut_raw_file_is_refused() -> None:
    data = tiff(first(extratags=[DNG], subifds=1), sensor())
    for size in (*range(8, 600, 3), *range(600, len(data) - 700_000, 9000)):
        with pytest.raises(FileRefused):
            images.prepare(data[:size])


# HEIC, and what moves


def test_the_primary_picture_of_a_heic(cast: Cast) -> None:
    heic = pillow_heif.HeifFile()
    heic.add_from_pillow(Image.new("RGB", (64, 64), "lime"))
    heic.add_from_pillow(card((320, 240)))
    stream = io.BytesIO()
    heic.save(stream, primary_index=1, quality=95, chroma=444)
    image = stored(cast, stream.getvalue())
    assert image.size == (320, 240)
    assert close(corners(image), CARD)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "MPO"])
def test_the_first_frame_counts(cast: Cast, kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    others = [Image.new("RGB", (80, 60), colour) for colour in ("lime", "red")]
    data = encoded(card(), kind, save_all=True, append_images=others, **options)
    assert close(corners(stored(cast, data)), CARD)
