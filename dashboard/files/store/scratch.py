"""Store a set of names on the disk, so that memory does not grow with their number."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self


class Seen:
    """Stores the seen keys of each noun, each with a short text about it.

    It is a scratch file in a folder of the caller: after a kill it is written again.
    """

    def __init__(self, folder: Path) -> None:
        self._rows = sqlite3.connect(folder / "seen.sqlite3", isolation_level=None)
        # No journal and no waiting for the disk: a scratch file need not survive a crash.
        self._rows.execute("PRAGMA journal_mode = OFF")
        self._rows.execute("PRAGMA synchronous = OFF")
        self._rows.execute(
            "CREATE TABLE seen (noun TEXT, key TEXT, about TEXT, PRIMARY KEY (noun, key))"
            " WITHOUT ROWID"
        )
        self._rows.execute("CREATE TABLE edges (parent TEXT, child TEXT)")
        # One transaction, never committed: only this connection reads the file.
        self._rows.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()

    def add(self, noun: str, key: str, about: str = "") -> bool:
        """Store a key; return False if it is already stored, which changes nothing."""
        added = self._rows.execute(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (noun, key, about)
        )
        return added.rowcount == 1

    def find(self, noun: str, key: str) -> str | None:
        """Return the text about a key; None if it was not seen."""
        found = self._rows.execute(
            "SELECT about FROM seen WHERE noun = ? AND key = ?", (noun, key)
        ).fetchone()
        return None if found is None else str(found[0])

    def has(self, noun: str, key: str) -> bool:
        """Return whether a key was seen."""
        return self.find(noun, key) is not None

    def add_edge(self, parent: str, child: str) -> None:
        """Store that one thing contains another."""
        self._rows.execute("INSERT INTO edges VALUES (?, ?)", (parent, child))

    def has_cycle(self, look: Callable[[], None] = lambda: None) -> bool:
        """Return whether anything contains itself, at any depth; `look` is called now and then.

        Things that contain nothing are removed, then those that contained only these, and so on:
        what is left is in a cycle. Each edge is read once.
        """
        for statement in _LEAVES:
            self._rows.execute(statement)
        while self._rows.execute("SELECT EXISTS (SELECT 1 FROM leaves)").fetchone()[0]:
            for statement in _TAKE_AWAY:
                self._rows.execute(statement)
            look()
        left = self._rows.execute("SELECT EXISTS (SELECT 1 FROM holders WHERE holds > 0)")
        return bool(left.fetchone()[0])


_LEAVES: Final = (
    "CREATE INDEX edges_by_child ON edges (child)",
    "CREATE TABLE holders (key TEXT PRIMARY KEY, holds INTEGER) WITHOUT ROWID",
    "INSERT INTO holders SELECT parent, COUNT(*) FROM edges GROUP BY parent",
    "CREATE TABLE leaves (key TEXT)",
    "CREATE TABLE lost (key TEXT PRIMARY KEY, less INTEGER) WITHOUT ROWID",
    "INSERT INTO leaves SELECT DISTINCT child FROM edges"
    " WHERE child NOT IN (SELECT key FROM holders)",
)
_TAKE_AWAY: Final = (
    # A cross join is evaluated from left to right: from the leaves, never through all edges.
    "INSERT INTO lost SELECT parent, COUNT(*)"
    " FROM leaves CROSS JOIN edges ON edges.child = leaves.key GROUP BY parent",
    "UPDATE holders SET holds = holds - (SELECT less FROM lost WHERE lost.key = holders.key)"
    " WHERE key IN (SELECT key FROM lost)",
    "DELETE FROM leaves",
    "INSERT INTO leaves SELECT lost.key FROM lost CROSS JOIN holders ON holders.key = lost.key"
    " WHERE holds = 0",
    "DELETE FROM lost",
)
