"""Memory that decoding has freed goes back to the system."""

import ctypes
from collections.abc import Callable
from typing import Final


def _find_trim() -> Callable[[int], int] | None:
    """Return glibc's malloc_trim; None with another C library."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    trim.argtypes, trim.restype = (ctypes.c_size_t,), ctypes.c_int
    found: Callable[[int], int] = trim
    return found


_TRIM: Final = _find_trim()


def give_back() -> None:
    """Return free pages to the system.

    Pillow allocates images in blocks of 16 MB. glibc maps the first such block on its own and,
    once it is freed, raises its threshold, so that later ones lie in the heaps of its threads:
    those keep what was freed at their ends. Ten threads kept 3 GB so. A fixed threshold would help
    too, but every picture of ordinary size would then pay for fresh pages.
    """
    if _TRIM is not None:
        _TRIM(0)
