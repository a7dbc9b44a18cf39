"""Delete stored bytes if their rows are rolled back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError, connection


@contextmanager
def removed_on_rollback(remove: Callable[[], object]) -> Iterator[None]:
    """Call `remove` if the block, which writes the rows, raises.

    If the connection is lost during a commit, it is unknown whether the rows exist. Then the bytes
    are kept: at worst no row refers to them, and they are deleted with their folder.
    """
    try:
        yield
    except BaseException as error:
        if not _may_be_written(error):
            remove()
        raise


def _may_be_written(error: BaseException) -> bool:
    """Return whether the transaction may have been committed; SQLite always knows."""
    is_lost = isinstance(error, OperationalError | InterfaceError)
    return is_lost and connection.vendor != "sqlite"
