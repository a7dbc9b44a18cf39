"""Recognise what is wrong with the server itself from an error: one sentence, with a status."""

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db import Error, InterfaceError, OperationalError

from dashboard.files.errors import DecodersBusy, DiskLow, StorageAway


@dataclass(frozen=True)
class Trouble:
    """A status and a sentence that says what happened and what to do next."""

    status: int
    sentence: str


FULL: Final = Trouble(
    507,
    "The server’s disk is full. Nothing was changed. Free some space, then try again.",
)
DATABASE_AWAY: Final = Trouble(
    503, "The database is not responding. Nothing was changed. Try again in a moment."
)
DATABASE_BUSY: Final = Trouble(
    503, "The database is busy. Nothing was changed. Try again in a moment."
)
FILES_AWAY: Final = Trouble(
    503, "The file storage is not responding. Nothing was changed. Try again in a moment."
)
DECODERS_BUSY: Final = Trouble(
    503, "This server is busy with other large images. Send the image again in a moment."
)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Of SQLite, by the beginnings of its error names, the longer ones first.
_SQLITE: Final = {
    "SQLITE_FULL": FULL,
    "SQLITE_IOERR_WRITE": FULL,
    "SQLITE_IOERR_TRUNCATE": FULL,
    "SQLITE_IOERR_SHMSIZE": FULL,
    "SQLITE_IOERR": DATABASE_AWAY,
    "SQLITE_BUSY": DATABASE_BUSY,
    "SQLITE_LOCKED": DATABASE_BUSY,
    "SQLITE_CANTOPEN": DATABASE_AWAY,
}
# Of PostgreSQL, by the beginnings of its codes (appendix A of its documentation).
_POSTGRES: Final = {
    "53100": FULL,
    "53": DATABASE_BUSY,  # no memory, no connections left
    "08": DATABASE_AWAY,
    "57P": DATABASE_AWAY,  # it is shut down, or starting up
    "25006": DATABASE_AWAY,  # it accepts no writes, as during a failover
}


def trouble_behind(error: BaseException | None) -> Trouble | None:
    """Return what is wrong with the server if that caused the error, or None."""
    return next((found for one in _chain(error) if (found := _judge(one))), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes."""
    while error is not None:
        yield error
        # Libraries wrap errors in their own: the cause may be several levels below.
        error = error.__cause__ or error.__context__


def _judge(error: BaseException) -> Trouble | None:
    if isinstance(error, StorageAway):
        return FILES_AWAY
    if isinstance(error, DecodersBusy):
        return DECODERS_BUSY
    if isinstance(error, DiskLow):
        return Trouble(FULL.status, str(error))
    if isinstance(error, Error):
        return _of_database(error)
    return FULL if isinstance(error, OSError) and error.errno in _FULL else None


def _of_database(error: Error) -> Trouble | None:
    """Classify an error of Django by the driver's code, as messages differ between releases."""
    cause = error.__cause__
    name = getattr(cause, "sqlite_errorname", None)
    if name is not None:
        return _named(_SQLITE, name)
    code = getattr(cause, "sqlstate", None)
    if code is not None:
        return _named(_POSTGRES, code)
    # A connection that broke, or was never made, has no code.
    return DATABASE_AWAY if isinstance(error, OperationalError | InterfaceError) else None


def _named(troubles: dict[str, Trouble], name: str) -> Trouble | None:
    return next((found for start, found in troubles.items() if name.startswith(start)), None)
