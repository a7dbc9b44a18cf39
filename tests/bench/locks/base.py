"""Write down who waits for SQLite's write lock, who holds it, and for how long.

A line of JSON for each transaction, in `locks-PID.jsonl` of the folder `LIKEWISE_LOCKS`.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from dashboard.sqlite import base

OURS = ("/dashboard/", "/accounts/")
_writing = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, which begins every transaction by taking the write lock."""

    _held: dict[str, Any] | None = None

    def _start_transaction_under_autocommit(self) -> None:
        began = time.perf_counter()
        super()._start_transaction_under_autocommit()
        now = time.perf_counter()
        self._held = {"place": _place(), "waited": now - began, "since": now, "statements": 0}

    def _commit(self) -> None:
        try:
            super()._commit()
        finally:
            self._release()

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._release()

    def create_cursor(self, name: str | None = None) -> "Cursor":
        """Return a cursor that counts."""
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        cursor.wrapper = self
        return cursor

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held["held"] = time.perf_counter() - held.pop("since")
            _write(held)


class Cursor(base.Cursor):
    """Django's, which also counts the statements of a transaction."""

    wrapper: DatabaseWrapper

    def execute(self, query: str, params: Any = None) -> Any:
        """Run a statement; one that writes by itself takes the lock for itself."""
        held = self.wrapper._held
        if held is not None:
            held["statements"] += 1
            return super().execute(query, params)
        began = time.perf_counter()
        try:
            return super().execute(query, params)
        finally:
            if query.startswith(("INSERT", "UPDATE", "DELETE")):
                took = time.perf_counter() - began
                _write({"place": _place(), "alone": took, "statements": 1})

    def executemany(self, query: str, param_list: Any) -> Any:
        """Run a statement for many rows."""
        if self.wrapper._held is not None:
            self.wrapper._held["statements"] += 1
        return super().executemany(query, param_list)


def _place() -> str:
    """Name the two innermost functions of the program that lead here."""
    frame, found = sys._getframe(1), list[str]()
    while frame is not None and len(found) < 2:
        code = frame.f_code
        if any(room in code.co_filename for room in OURS) and "/tests/" not in code.co_filename:
            found.append(f"{Path(code.co_filename).stem}.{code.co_qualname}")
        frame = frame.f_back
    return " < ".join(found)


def _write(line: dict[str, Any]) -> None:
    path = Path(os.environ["LIKEWISE_LOCKS"], f"locks-{os.getpid()}.jsonl")
    with _writing, path.open("a") as file:
        file.write(json.dumps(line) + "\n")
