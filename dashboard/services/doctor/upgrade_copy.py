"""Keep a copy of an SQLite database from before an upgrade, to allow a return to it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

UNFINISHED, UPGRADING, KEPT = ".copying", ".upgrading", ".before-upgrade"


def copy_database(connection: BaseDatabaseWrapper) -> Path | None:
    """Copy the database beside itself and return the copy; `keep_copy` gives it its final name.

    A copy that an interrupted upgrade left is kept, because the database has changed since. Returns
    None if the database is not a file, or if the disk lacks room for twice its size.
    """
    file = _file(connection)
    if file is None:
        return None
    copy, unfinished = _beside(file, UPGRADING), _beside(file, UNFINISHED)
    # Equal records: the upgrade had not begun, and data may have changed since, so copy again.
    if copy.is_file() and _recorded(copy) != _recorded(file):
        return copy
    # Once for the copy, once for tables that SQLite rewrites while it migrates.
    if shutil.disk_usage(file.parent).free < 2 * file.stat().st_size:
        return None
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(unfinished)) as target:
        # SQLite's own backup: a copy of the file would miss what is still in its write-ahead log.
        source.backup(target)
    shutil.copymode(file, unfinished)
    # Renamed last: a copy that was cut off by a kill never has the name that is trusted.
    return unfinished.replace(copy)


def keep_copy(connection: BaseDatabaseWrapper) -> Path | None:
    """Replace the copy of the previous upgrade with this one and return it, or None without one."""
    file = _file(connection)
    if file is None or not _beside(file, UPGRADING).is_file():
        return None
    return _beside(file, UPGRADING).replace(_beside(file, KEPT))


def _file(connection: BaseDatabaseWrapper) -> Path | None:
    file = Path(connection.settings_dict["NAME"])
    return file if connection.vendor == "sqlite" and file.is_file() else None


def _beside(file: Path, end: str) -> Path:
    return file.with_name(file.name + end)


def _recorded(file: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(file)) as rows:
        return rows.execute("SELECT app, name FROM django_migrations ORDER BY 1, 2").fetchall()
