"""Keep space on the disk of the data folder: a reserve for uploads, and ballast for deleting.

On a full disk nothing can be deleted either: SQLite writes what it deletes into its log first, and
a sign-in writes a session. So the ballast, a file without content, occupies space in the data
folder. It is deleted when the disk is full, which leaves space to sign in and to delete, and
created again once there is space for it.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

from dashboard.files.errors import DiskLow

BALLAST: Final = 64 << 20
# Of the reserve, so that a small reserve has a small ballast, and no reserve has none.
_SHARE: Final = 16
# This many times its size must be free before it is created; otherwise it would come and go.
_EASE: Final = 4


def free() -> int:
    """Return how many bytes this user can still write beside the database and the files."""
    facts = os.statvfs(settings.LIKEWISE_DATA)
    # `f_bavail`, not `f_bfree`: blocks that file systems reserve for root do not help this process.
    return facts.f_bavail * facts.f_frsize


def is_low() -> bool:
    """Return whether less is free than the reserve."""
    return bool(settings.LIKEWISE_RESERVE_DISK) and free() < settings.LIKEWISE_RESERVE_DISK


@dataclass(frozen=True)
class State:
    """How much is free, and how much of it is reserved."""

    free: int
    reserve: int
    low: bool


def state() -> State:
    """Return the state of the disk, for operators of the server."""
    return State(free(), settings.LIKEWISE_RESERVE_DISK, is_low())


def refuse_if_low() -> None:
    """Raise `DiskLow` if less is free than the reserve; it costs one system call."""
    if is_low():
        raise DiskLow(free(), settings.LIKEWISE_RESERVE_DISK)


def keep_ballast() -> None:
    """Delete the ballast if the disk is full, and create it if it is missing and there is space."""
    release_if_full()
    if size() and not _ballast().exists() and free() >= _EASE * size():
        _lay()


def release_if_full() -> None:
    """Delete the ballast if less is free than its size."""
    if size() and free() < size():
        release()


def release() -> None:
    """Delete the ballast, if it exists."""
    _ballast().unlink(missing_ok=True)


def size() -> int:
    """Return the size of the ballast in bytes."""
    return min(BALLAST, settings.LIKEWISE_RESERVE_DISK // _SHARE)


def _ballast() -> Path:
    return Path(settings.LIKEWISE_DATA, "ballast")


def _lay() -> None:
    """Allocate the space without writing to it, then rename: a kill leaves no half of it."""
    aside = _ballast().with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):  # no space after all, or the file system does not support it
        try:
            with aside.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, size())
            aside.rename(_ballast())
        finally:
            aside.unlink(missing_ok=True)
