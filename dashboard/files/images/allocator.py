"""Return memory that decoding has freed to the system (glibc only).

Pillow allocates images in blocks of 16 MB. glibc maps the first such block on its own and, once it
is freed, raises its threshold to 32 MB. Later blocks are then in the heaps of its threads, each of
which keeps up to 64 MB that was freed at its end: ten threads kept 3 GB in all.
"""

import contextlib
import ctypes
from typing import Any, Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
# Pillow's whole blocks are always mapped on their own; smaller ones, of which photos are made, come
# from the heap as before: new pages for each of them would cost milliseconds an image.
_MAPPED: Final = 16 << 20
# What a thread keeps at the end of its heap: enough for photos. CPU time of images.prepare() for a
# JPEG of 1 MP is 12.4 ms with 16 MB, 16.3 with 8.
_KEPT: Final = 16 << 20


def _library() -> Any:
    """Return the C library if it is glibc."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        # musl has no `mallopt`, and another library's may have another meaning.
        if library.gnu_get_libc_version and library.malloc_trim and library.mallopt:
            return library
    return None


_GLIBC: Final = _library()


def settle() -> None:
    """Configure the allocator, once for the process, to return memory as soon as it is freed."""
    if _GLIBC is not None:
        _GLIBC.mallopt(_M_MMAP_THRESHOLD, _MAPPED)
        _GLIBC.mallopt(_M_TRIM_THRESHOLD, _KEPT)


def give_back() -> None:
    """Return the free pages in the middle of the heaps, too, which `settle` does not reach."""
    if _GLIBC is not None:
        _GLIBC.malloc_trim(0)
