"""Room on the disk of the data folder: a reserve that uploads leave free, and ballast for deleting.

On a full disk nothing can be deleted either: SQLite writes what it deletes into its log first, and
a sign-in writes a session. So a file of nothing lies in the data folder. It goes when the disk is
full, which leaves room to sign in and to delete, and is laid again once there is room for it.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

from dashboard.files.errors import DiskLow

BALLAST: Final = 64 << 20
# Of the reserve, so that a small reserve has a small ballast, and none has none.
_SHARE: Final = 16
# So many times its size are free before it is laid: else it would be laid and go for ever.
_EASE: Final = 4


def free() -> int:
    """Return how many bytes this user can still write beside the database and the files."""
    facts = os.statvfs(settings.LIKEWISE_DATA)
    # `f_bavail`, not `f_bfree`: what file systems keep for root does not help this process.
    return facts.f_bavail * facts.f_frsize


def is_low() -> bool:
    """Say whether less is free than uploads must leave."""
    return bool(settings.LIKEWISE_RESERVE_DISK) and free() < settings.LIKEWISE_RESERVE_DISK


@dataclass(frozen=True)
class State:
    """How much is free, and how much of it is kept so."""

    free: int
    reserve: int
    low: bool


def state() -> State:
    """Return how things are, for who runs the server."""
    return State(free(), settings.LIKEWISE_RESERVE_DISK, is_low())


def refuse_if_low() -> None:
    """Raise `DiskLow` if less is free than uploads must leave; it costs one call of the system."""
    if is_low():
        raise DiskLow(free(), settings.LIKEWISE_RESERVE_DISK)


def keep_ballast() -> None:
    """Let the ballast go if the disk is full, and lay it if it is gone and there is room."""
    release_if_full()
    if size() and not _ballast().exists() and free() >= _EASE * size():
        _lay()


def release_if_full() -> None:
    """Let the ballast go if less is free than it has."""
    if size() and free() < size():
        release()


def release() -> None:
    """Let the ballast go; once it is gone this does nothing."""
    _ballast().unlink(missing_ok=True)


def size() -> int:
    """Return how large the ballast is."""
    return min(BALLAST, settings.LIKEWISE_RESERVE_DISK // _SHARE)


def _ballast() -> Path:
    return Path(settings.LIKEWISE_DATA, "ballast")


def _lay() -> None:
    """Take the room without writing to it, aside first: a kill leaves no half of it."""
    aside = _ballast().with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):  # no room after all, or a file system that cannot
        try:
            with aside.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, size())
            aside.rename(_ballast())
        finally:
            aside.unlink(missing_ok=True)
