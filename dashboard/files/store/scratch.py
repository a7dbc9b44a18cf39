"""A set of names that lies on the disk, so that memory does not grow with their number."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self


class Seen:
    """Which keys of which noun were seen so far, each with a word about it.

    It is a scratch file in a folder of the caller's: a kill loses it, and it is written again.
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
        # One transaction, never committed: the file is read by this connection alone.
        self._rows.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()

    def add(self, noun: str, key: str, about: str = "") -> bool:
        """Remember a key; False if it was there already, which stays as it is."""
        added = self._rows.execute(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (noun, key, about)
        )
        return added.rowcount == 1

    def find(self, noun: str, key: str) -> str | None:
        """Return what is known about a key; None if it was not seen."""
        found = self._rows.execute(
            "SELECT about FROM seen WHERE noun = ? AND key = ?", (noun, key)
        ).fetchone()
        return None if found is None else str(found[0])

    def has(self, noun: str, key: str) -> bool:
        """Say whether a key was seen."""
        return self.find(noun, key) is not None

    def add_edge(self, parent: str, child: str) -> None:
        """Remember that one thing lies in another."""
        self._rows.execute("INSERT INTO edges VALUES (?, ?)", (parent, child))

    def has_cycle(self, look: Callable[[], None] = lambda: None) -> bool:
        """Say whether anything lies in itself, however deep; `look` is called now and then.

        What holds nothing is taken away, then what held only that, and so on: what is left lies in
        a circle. Each edge is looked at once.
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
    # A cross join is read from left to right: from the leaves, never through all edges.
    "INSERT INTO lost SELECT parent, COUNT(*)"
    " FROM leaves CROSS JOIN edges ON edges.child = leaves.key GROUP BY parent",
    "UPDATE holders SET holds = holds - (SELECT less FROM lost WHERE lost.key = holders.key)"
    " WHERE key IN (SELECT key FROM lost)",
    "DELETE FROM leaves",
    "INSERT INTO leaves SELECT lost.key FROM lost CROSS JOIN holders ON holders.key = lost.key"
    " WHERE holds = 0",
    "DELETE FROM lost",
)
