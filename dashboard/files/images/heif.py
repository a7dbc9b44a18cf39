"""Read the pixels of a HEIC file from its library, without the copy that Pillow would make."""

import io
from typing import Final

import pillow_heif
from PIL import Image

# Pillow stores three channels as four; it reads the decoder's rows with these bytes per pixel.
_CHANNELS: Final = {"L": 1, "LA": 2, "La": 2, "RGB": 3, "RGBA": 4, "RGBa": 4}


class HeifPixels:
    """The pixels of the primary image, part by part."""

    def __init__(self, data: bytes) -> None:
        """Decode the image. Raises the errors of pillow_heif for invalid bytes."""
        file = pillow_heif.open_heif(
            io.BytesIO(data), convert_hdr_to_8bit=True, hdr_to_16bit=True, remove_stride=False
        )
        picture = file[file.primary_index]
        self._rows = memoryview(picture.data)
        self._stride, self._mode = picture.stride, str(picture.mode)
        self.size: tuple[int, int] = picture.size  # known for certain once it is decoded

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Return a part as a Pillow image."""
        left, top, right, bottom = box
        channels = _CHANNELS[self._mode]
        rows = self._rows[top * self._stride + left * channels :]
        raw = ("raw", self._mode, self._stride, 1)
        # The last row ends where the image does: Pillow needs it whole.
        need = (bottom - top - 1) * self._stride + (right - left) * channels
        return Image.frombytes(self._mode, (right - left, bottom - top), rows[:need], *raw)
