"""Apply colour profiles: convert an image to sRGB, as every viewer shows it.

LittleCMS does the conversion, through Pillow. The correction of a profile is computed once and
cached by the hash of its bytes, so that the usual case, no profile or one that means sRGB, costs
next to nothing. A broken or implausible profile counts as sRGB: it never refuses an image.
"""

import hashlib
import io
import struct
import threading
from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from PIL import Image, ImageCms

# Profiles of screens and cameras have some thousand bytes, those of printers up to two million.
MOST_BYTES: Final = 1 << 20
_MOST_OF_INKS: Final = 4 << 20
_HEAD: Final = 128
_MOST_TAGS: Final = 100
# Steps of a calculation, executed for each colour: as many as fit would take minutes.
_MOST_STEPS: Final = 1 << 16
_CLASSES: Final = (b"mntr", b"scnr", b"prtr", b"spac")
_MODES: Final = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK"}
_ADAPTED: Final = (b"XYZ ", b"Lab ")
# Of 255: rounding differences of a profile that means sRGB.
_SAME: Final = 3
_KEPT: Final = 16  # half a megabyte each at most
_INTENT: Final = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION
_GREYS: Final = range(256)
_BROKEN: Final = (ImageCms.PyCMSError, OSError, ValueError, TypeError, RuntimeError, struct.error)

_GREY_MODES: Final = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I;16N")
_COLOUR_MODES: Final = ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA", "YCbCr")


@dataclass(frozen=True, slots=True)
class Correction:
    """The correction of one profile; several threads may use it at once."""

    greys: tuple[int, ...]
    transform: ImageCms.ImageCmsTransform | None = None

    @property
    def is_of_inks(self) -> bool:
        """Return whether it is for CMYK."""
        return self.transform is not None and self.transform.input_mode == "CMYK"

    def corrected(self, picture: Image.Image) -> Image.Image:
        """Return the image, L or RGB, in sRGB; colours may be changed in place."""
        if self.transform is None or picture.mode == "L":
            return picture.point(self.greys * len(picture.getbands()))
        # An image that was read from a buffer shares it; an in-place change would alter the buffer,
        # too.
        if picture.readonly:
            picture = picture.copy()
        self.transform.apply_in_place(picture)
        picture.info = {}  # the profile of sRGB was stored there
        return picture

    def from_inks(self, part: Image.Image) -> Image.Image:
        """Return a part of a CMYK image in sRGB."""
        if self.transform is None:
            return part.convert("RGB")
        made = self.transform.apply(part)
        made.info = {}
        return made


def correction(profile: object, mode: str) -> Correction | None:
    """Return the correction for an image of this mode; None if its colours are already right."""
    most = _MOST_OF_INKS if mode == "CMYK" else MOST_BYTES
    if not isinstance(profile, bytes) or not _HEAD < len(profile) <= most:
        return None
    space = _MODES.get(profile[16:20])
    if mode == "CMYK":
        fits = space == "CMYK"
    elif mode in _GREY_MODES:
        fits = space in ("L", "RGB")
    else:
        fits = space == "RGB" and mode in _COLOUR_MODES
    return _KNOWN.find(profile) if fits else None


class _Known:
    """The recently used profiles, with their corrections."""

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, Correction | None] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, profile: bytes) -> Correction | None:
        """Return a profile's correction; two threads may compute it at once."""
        # By hash, since a profile is up to megabytes and the cameras of a dataset share a few.
        key = hashlib.sha256(profile).digest()
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        try:
            # Outside the lock: a thread that needs a known profile does not wait for this one.
            made = _made(profile)
        except _BROKEN:
            made = None
        with self._lock:
            self._found[key] = made
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)
        return made


_KNOWN: Final = _Known()


def _made(profile: bytes) -> Correction | None:
    """Compute a profile's correction, by applying it to greys and to a grid of colours."""
    if not _makes_sense(profile):
        return None
    mode = _MODES[profile[16:20]]
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        _INTENT,
        _FLAGS,
    )
    greys = _greys(transform, mode)
    # A profile that inverts greys is broken or an effect; people would see ruined images.
    if not _are_greys(greys):
        return None
    if mode == "L":
        return None if _are_near(bytes(greys), bytes(_GREYS)) else Correction(greys)
    if mode == "RGB" and _means_srgb(transform):
        return None
    return Correction(greys, transform)


def _makes_sense(profile: bytes) -> bool:
    is_one = profile[36:40] == b"acsp" and profile[12:16] in _CLASSES
    count = struct.unpack_from(">L", profile, _HEAD)[0]
    if not is_one or profile[20:24] not in _ADAPTED or count > _MOST_TAGS:
        return False
    steps = 0
    for number in range(count):
        start, size = struct.unpack_from(">LL", profile, _HEAD + 8 + 12 * number)
        steps += size if profile[start : start + 4] == b"mpet" else 0
    return steps <= _MOST_STEPS


def _greys(transform: ImageCms.ImageCmsTransform, mode: str) -> tuple[int, ...]:
    """Return the corrected greys from black, or all inks together, to white."""
    values = bytes(_GREYS if mode != "CMYK" else reversed(_GREYS))
    ramp = Image.merge(mode, [Image.frombytes("L", (256, 1), values)] * len(mode))
    return tuple(transform.apply(ramp).getchannel("G").tobytes())


def _are_greys(greys: tuple[int, ...]) -> bool:
    """Return whether black stays dark and white light, and greys never decrease in between."""
    rises = all(one <= lighter + 1 for one, lighter in pairwise(greys))
    return greys[0] < 96 and greys[-1] > 192 and rises


def _means_srgb(transform: ImageCms.ImageCmsTransform) -> bool:
    steps = range(0, 256, 15)
    body = bytes(value for r in steps for g in steps for b in steps for value in (r, g, b))
    grid = Image.frombytes("RGB", (len(steps), len(steps) ** 2), body)
    return _are_near(transform.apply(grid).tobytes(), body)


def _are_near(one: bytes, other: bytes) -> bool:
    return all(abs(a - b) <= _SAME for a, b in zip(one, other, strict=True))
