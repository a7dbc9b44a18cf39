"""How much is taken: of one image, of one archive, of one address.

The functions of this room take a limits object; `configured_*` is where settings are read.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

MIB: Final = 1024 * 1024
GIB: Final = 1024 * MIB

# What it costs in memory is in docs/image-memory.md.
USUAL_PIXELS: Final = 100_000_000
# The most that Pillow is ever allowed (see reading.py), whatever the setting says.
MOST_PIXELS: Final = 400_000_000
# A JPEG is decoded scaled down, so it may have more pixels: so many times as many.
LARGER_JPEG: Final = 4
# A row of pixels is held several times while a PNG is written; archives of workspaces say the same.
MOST_OF_A_SIDE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """The largest image that is read: `size` in bytes, `pixels` as the header claims them."""

    size: int = 32 * MIB
    pixels: int = USUAL_PIXELS


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may hold.

    A member may unpack to `ratio` times the bytes that were read for it; up to `free` bytes it is
    not judged, because a flat drawing shrinks a thousandfold and harms nobody. `total` is what all
    members may unpack to.
    """

    members: int = 200_000
    member_size: int = 32 * MIB
    ratio: int = 250
    free: int = 4 * MIB
    total: int = 256 * GIB


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What a fetch may take: `size` in bytes, `seconds` in all, redirects, private networks."""

    size: int = 20_000_000
    seconds: float = 15.0
    redirects: int = 3
    allowed_networks: tuple[str, ...] = ()


def configured_image_limits() -> ImageLimits:
    """Return the limits that the settings ask for."""
    base = ImageLimits()
    return ImageLimits(
        size=getattr(settings, "LIKEWISE_MAX_IMAGE", base.size),
        pixels=min(getattr(settings, "LIKEWISE_MAX_PIXELS", base.pixels), MOST_PIXELS),
    )


def configured_decoding_memory() -> int:
    """Return how many bytes all decoding of a process may take at once."""
    return int(getattr(settings, "LIKEWISE_DECODING_MEMORY", 768 * MIB))


def configured_archive_limits() -> ArchiveLimits:
    """Return the limits that the settings ask for."""
    return ArchiveLimits(member_size=configured_image_limits().size)


def configured_fetch_limits() -> FetchLimits:
    """Return the limits that the settings ask for."""
    base = FetchLimits()
    return FetchLimits(
        size=getattr(settings, "LIKEWISE_FETCH_MAX", base.size),
        seconds=getattr(settings, "LIKEWISE_FETCH_TIMEOUT", base.seconds),
        allowed_networks=tuple(getattr(settings, "LIKEWISE_FETCH_PRIVATE", ())),
    )
