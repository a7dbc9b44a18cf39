"""The image of a HEIC file as its library decoded it, without the copy that Pillow would hold."""

import io
from typing import Final

import pillow_heif
from PIL import Image

# Pillow holds three channels as four; of these bytes a pixel it reads the decoder's rows.
_CHANNELS: Final = {"L": 1, "LA": 2, "La": 2, "RGB": 3, "RGBA": 4, "RGBa": 4}


class HeifPixels:
    """The pixels of the primary image, given part by part."""

    def __init__(self, data: bytes) -> None:
        """Decode. Raises what pillow_heif raises for bytes that make no sense."""
        file = pillow_heif.open_heif(
            io.BytesIO(data), convert_hdr_to_8bit=True, hdr_to_16bit=True, remove_stride=False
        )
        picture = file[file.primary_index]
        self._rows = memoryview(picture.data)
        self._stride, self._mode = picture.stride, str(picture.mode)
        self.size: tuple[int, int] = picture.size  # known for certain once it is decoded

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Return a part as an image of Pillow's."""
        left, top, right, bottom = box
        channels = _CHANNELS[self._mode]
        rows = self._rows[top * self._stride + left * channels :]
        raw = ("raw", self._mode, self._stride, 1)
        # The last row ends where the image does: Pillow wants it whole.
        need = (bottom - top - 1) * self._stride + (right - left) * channels
        return Image.frombytes(self._mode, (right - left, bottom - top), rows[:need], *raw)
