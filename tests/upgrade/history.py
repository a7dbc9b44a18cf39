"""Databases of each set of migrations that ever stood on main, filled, as SQL.

`python -m tests.upgrade.history COMMIT` wrote them down once, from the history that led to COMMIT,
with git, pg_dump and a server of PostgreSQL in DATABASE_URL. Since then no landed migration is
changed, so there are no more sets.
"""

import json
import lzma
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import django
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

APPS = ("accounts", "dashboard")
KEPT = Path(__file__).with_name("history.json.xz")


@cache
def _told() -> dict[str, dict[str, str]]:
    told: dict[str, dict[str, str]] = json.loads(lzma.decompress(KEPT.read_bytes()))
    return told


def commits() -> list[str]:
    """Return the last commit with each set, oldest first."""
    return list(_told()["sqlite"])


def load(commit: str) -> None:
    """Fill the database that `connection` leads to, which is empty."""
    load_sql(connection, _told()[connection.vendor][commit])


def load_sql(wrapper: BaseDatabaseWrapper, sql: str) -> None:
    """Run a whole script."""
    wrapper.ensure_connection()
    raw: Any = wrapper.connection
    if wrapper.vendor == "sqlite":
        raw.executescript(f"PRAGMA foreign_keys=OFF; {sql} PRAGMA foreign_keys=ON;")
    else:
        raw.execute(sql)
        raw.execute("RESET ALL")  # a dump empties the search path
        wrapper.close()


def dump_postgres(url: str) -> str:
    """Return a database of PostgreSQL as a script that any client can run."""
    done = subprocess.run(
        ["pg_dump", "--inserts", "--no-owner", "--no-privileges", "--no-comments", url],
        capture_output=True,
        text=True,
        check=True,
    )
    return "\n".join(line for line in done.stdout.splitlines() if _is_sql(line))


def _is_sql(line: str) -> bool:
    return bool(line) and not line.startswith(("--", "\\"))


def main(commit: str) -> None:
    """Make a database of each set of migrations on the way to a commit."""
    from tests.upgrade.databases import another, fill, migrate_as

    told: dict[str, dict[str, str]] = {"sqlite": {}, "postgresql": {}}
    for one, files in _sets(commit).items():
        with tempfile.TemporaryDirectory() as folder, another(Path(folder)):
            with _in_place_of_todays(files, Path(folder)):
                migrate_as()
                fill()
            told[connection.vendor][one] = dump()
        print(one, flush=True)
    if KEPT.exists():
        told = _told() | {connection.vendor: told[connection.vendor]}
    KEPT.write_bytes(lzma.compress(json.dumps(told).encode(), preset=9 | lzma.PRESET_EXTREME))


def dump() -> str:
    """Return the database that `connection` leads to as SQL."""
    if connection.vendor == "postgresql":
        settings = connection.settings_dict
        server = os.environ["DATABASE_URL"].rpartition("/")[0]
        return dump_postgres(f"{server}/{settings['NAME']}")
    connection.ensure_connection()
    return "\n".join(connection.connection.iterdump())


def _sets(commit: str) -> dict[str, dict[str, str]]:
    """Return the text of each migration, by its path, of the last commit with each set."""
    last: dict[tuple[tuple[str, str], ...], str] = {}
    for one in _git("rev-list", "--reverse", "--topo-order", commit).split():
        tree = _git("ls-tree", "-r", one, "--", *(f"{app}/migrations" for app in APPS))
        rows = [(line.split("\t")[1], line.split()[2]) for line in tree.splitlines()]
        last[tuple(row for row in rows if not row[0].endswith("__init__.py"))] = one[:7]
    return {
        one: {path: _git("cat-file", "-p", blob) for path, blob in rows}
        for rows, one in last.items()
    }


@contextmanager
def _in_place_of_todays(files: dict[str, str], folder: Path) -> Iterator[None]:
    """Let Django see these migrations only."""
    from django.test import override_settings

    modules = {app: f"{app}_{folder.name}" for app in APPS}
    for app, package in modules.items():
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
        for path, text in files.items():
            owner, _, name = path.partition("/migrations/")
            if owner == app:
                (folder / package / name).write_text(text)
    sys.path.insert(0, str(folder))
    with override_settings(MIGRATION_MODULES=modules):
        yield
    sys.path.remove(str(folder))


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
    django.setup()
    main(sys.argv[1])
