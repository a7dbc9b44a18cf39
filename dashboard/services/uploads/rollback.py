"""Bytes that are stored before the rows that tell of them are written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError, connection


@contextmanager
def removed_on_rollback(remove: Callable[[], object]) -> Iterator[None]:
    """Remove the bytes again if the block, which writes their rows, breaks off.

    A connection that is lost during a commit leaves unknown whether the rows are there. Then the
    bytes stay: at worst they are nobody's, and go with the folder that they lie in.
    """
    try:
        yield
    except BaseException as error:
        if not _may_be_written(error):
            remove()
        raise


def _may_be_written(error: BaseException) -> bool:
    """Say whether the transaction may have been committed; SQLite always knows."""
    is_lost = isinstance(error, OperationalError | InterfaceError)
    return is_lost and connection.vendor != "sqlite"
