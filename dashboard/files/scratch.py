"""A set of names that lies on the disk, so that memory does not grow with their number."""

import sqlite3
from pathlib import Path
from typing import Self


class Seen:
    """Which keys of which noun were seen so far, each with a word about it.

    It is a scratch file in a folder of the caller's: a kill loses it, and it is written anew.
    """

    def __init__(self, folder: Path) -> None:
        self._rows = sqlite3.connect(folder / "seen.sqlite3", isolation_level=None)
        self._rows.execute("PRAGMA journal_mode = OFF")
        self._rows.execute("PRAGMA synchronous = OFF")
        self._rows.execute(
            "CREATE TABLE seen (noun TEXT, key TEXT, about TEXT, PRIMARY KEY (noun, key))"
            " WITHOUT ROWID"
        )
        self._rows.execute("CREATE TABLE edges (parent TEXT, child TEXT)")
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

    def has_cycle(self) -> bool:
        """Say whether anything lies in itself, however deep; the edges are forgotten.

        What holds nothing is taken away, again and again: what is left lies in a circle.
        """
        self._rows.execute("CREATE INDEX edges_by_parent ON edges (parent)")
        drop = "DELETE FROM edges WHERE child NOT IN (SELECT parent FROM edges)"
        while self._rows.execute(drop).rowcount:
            pass
        return bool(self._rows.execute("SELECT EXISTS (SELECT 1 FROM edges)").fetchone()[0])
