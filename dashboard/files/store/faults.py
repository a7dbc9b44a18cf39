"""Whose fault it is that bytes cannot be read: theirs, or that of the place where they lie."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from dashboard.files.errors import FileRefused, StorageAway

# What libraries raise of their own for bytes that make no sense has no number; the system's has.
# This number alone says that an archive sent the reader to a place that no file has.
_OF_THE_BYTES: Final = (None, errno.EINVAL)


@contextmanager
def blaming_the_bytes(
    kinds: tuple[type[Exception], ...], refusal: Callable[[], FileRefused]
) -> Iterator[None]:
    """Turn errors of these kinds into a refusal, unless the bytes are not to blame.

    What was uploaded may be thrown away once it is refused, so an outage goes through as it is.
    """
    try:
        yield
    except kinds as error:
        fault = _fault_of_the_place(error)
        if fault is not None:
            raise fault from None
        raise refusal() from error


def _fault_of_the_place(error: BaseException | None) -> BaseException | None:
    """Find the outage behind an error: libraries cover one by an error of their own."""
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
    # A process without memory is no fault of the file that it was reading.
    return isinstance(error, MemoryError)
