"""Let one writer of a process at a time request SQLite's lock; the others wait in turn.

SQLite has no queue: a writer that finds the lock taken sleeps up to a tenth of a second and tries
again, and the lock goes to any writer that arrives when it is free. Of thirty concurrent writers,
some failed after the whole timeout. A thread that waits here is woken when the previous one has
finished.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.sqlite3 import base

# The ORM's writes start with these. Other writers are only slower: SQLite's lock applies to all.
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
# Per file, of which a process may open several.
_turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that holds its process's turn from the begin of a transaction to its end."""

    _turn: "threading.Lock | None" = None

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # not in the stubs
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]  # not in the stubs
        # Also after an error: a turn that is not released would block every other writer of the
        # process.
        finally:
            self._end_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # not in the stubs
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]  # not in the stubs
        finally:
            self._end_turn()

    def create_cursor(self, name: str | None = None) -> "Cursor":  # noqa: ARG002
        """Return a cursor with which single statements wait for their turn, too."""
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        cursor.wrapper = self
        return cursor

    @contextmanager
    def turn_for(self, query: str) -> Iterator[None]:
        """Hold the turn during a write statement outside a transaction."""
        if self.in_atomic_block or not query.startswith(_WRITES):
            yield
            return
        self._take_turn()
        try:
            yield
        finally:
            self._end_turn()

    def _take_turn(self) -> None:
        turn = _turns[str(self.settings_dict["NAME"])]
        # As long as SQLite itself would wait. After that SQLite decides and raises its own error.
        if turn.acquire(timeout=self.settings_dict["OPTIONS"].get("timeout", 5)):
            self._turn = turn

    def _end_turn(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.release()


class Cursor(base.SQLiteCursorWrapper):
    """Django's cursor for a connection of this class."""

    wrapper: DatabaseWrapper

    def execute(self, query: str, params: Any = None) -> Any:
        """Run a statement."""
        with self.wrapper.turn_for(query):
            return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        """Run a statement for each of many rows."""
        with self.wrapper.turn_for(query):
            return super().executemany(query, param_list)
