"""Distinguish invalid bytes from an unavailable storage when a file cannot be read."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from dashboard.files.errors import FileRefused, StorageAway

# Errors of libraries about invalid bytes have no number; those of the system have one. Only this
# number means that an archive made the reader seek to an invalid position.
_OF_THE_BYTES: Final = (None, errno.EINVAL)


@contextmanager
def blaming_the_bytes(
    kinds: tuple[type[Exception], ...], refusal: Callable[[], FileRefused]
) -> Iterator[None]:
    """Turn errors of these kinds into a refusal, unless the storage failed.

    Uploaded files may be deleted once they are refused, so an outage is raised unchanged.
    """
    try:
        yield
    except kinds as error:
        fault = _fault_of_the_place(error)
        if fault is not None:
            raise fault from None
        raise refusal() from error


def _fault_of_the_place(error: BaseException | None) -> BaseException | None:
    """Return the outage behind an error: libraries wrap it in an error of their own."""
    while error is not None:
        if _is_of_the_place(error):
            return error
        error = error.__cause__ or error.__context__
    return None


def _is_of_the_place(error: BaseException) -> bool:
    if isinstance(error, StorageAway | FileNotFoundError | ConnectionError | TimeoutError):
        return True
    if isinstance(error, OSError):
        return error.errno not in _OF_THE_BYTES
    # A process without memory is not the fault of the file that it was reading.
    return isinstance(error, MemoryError)
