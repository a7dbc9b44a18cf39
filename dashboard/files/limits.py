"""Define the limits for an image, an archive and a URL.

The functions of this room accept a limits object; `configured_*` reads the settings.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

MIB: Final = 1024 * 1024
GIB: Final = 1024 * MIB

# docs/image-memory.md has its cost in memory.
USUAL_PIXELS: Final = 100_000_000
# The most that Pillow is ever allowed (see reading.py), whatever the setting says.
MOST_PIXELS: Final = 400_000_000
# A JPEG is decoded scaled down, so it may have this many times the pixels.
LARGER_JPEG: Final = 4
# A row of pixels is held several times while a PNG is written; archives have the same limit.
MOST_OF_A_SIDE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """The largest image that is read: `size` in bytes, `pixels` according to its header."""

    size: int = 32 * MIB
    pixels: int = USUAL_PIXELS


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """The limits of an archive.

    A member may unpack to `ratio` times the bytes that were read for it; up to `free` bytes the
    ratio is not checked, because a flat drawing shrinks a thousandfold and does no harm. `total` is
    what all members may unpack to, in bytes.
    """

    members: int = 200_000
    member_size: int = 32 * MIB
    ratio: int = 250
    free: int = 4 * MIB
    total: int = 256 * GIB


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """The limits of a fetch: `size` in bytes, `seconds` in all, redirects, private networks."""

    size: int = 20_000_000
    seconds: float = 15.0
    redirects: int = 3
    allowed_networks: tuple[str, ...] = ()


def configured_image_limits() -> ImageLimits:
    """Return the limits of the settings."""
    base = ImageLimits()
    return ImageLimits(
        size=getattr(settings, "LIKEWISE_MAX_IMAGE", base.size),
        pixels=min(getattr(settings, "LIKEWISE_MAX_PIXELS", base.pixels), MOST_PIXELS),
    )


def configured_decoding_memory() -> int:
    """Return how many bytes all decoding of a process may take at once."""
    return int(getattr(settings, "LIKEWISE_DECODING_MEMORY", 768 * MIB))


def configured_archive_limits() -> ArchiveLimits:
    """Return the limits of the settings."""
    return ArchiveLimits(member_size=configured_image_limits().size)


def configured_fetch_limits() -> FetchLimits:
    """Return the limits of the settings."""
    base = FetchLimits()
    return FetchLimits(
        size=getattr(settings, "LIKEWISE_FETCH_MAX", base.size),
        seconds=getattr(settings, "LIKEWISE_FETCH_TIMEOUT", base.seconds),
        allowed_networks=tuple(getattr(settings, "LIKEWISE_FETCH_PRIVATE", ())),
    )
