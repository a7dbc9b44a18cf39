"""Keep an SQLite database as it was before an upgrade, so that there is a way back."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

UNFINISHED, UPGRADING, KEPT = ".copying", ".upgrading", ".before-upgrade"


def copy_database(connection: BaseDatabaseWrapper) -> Path | None:
    """Copy the database beside itself; return the copy, which `keep_copy` gives its last name.

    A copy that an interrupted upgrade left is kept: the database is not what it was any more.
    Returns None where the database is no file, or the disk has no room for it twice.
    """
    file = _file(connection)
    if file is None:
        return None
    copy, unfinished = _beside(file, UPGRADING), _beside(file, UNFINISHED)
    # Equal records: the upgrade had not begun, and people may have worked since. So copy again.
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
    # Renamed last: a copy that a kill cut short never has the name that is trusted.
    return unfinished.replace(copy)


def keep_copy(connection: BaseDatabaseWrapper) -> Path | None:
    """Put the copy in place of the one of the upgrade before; return it, if there is one."""
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
