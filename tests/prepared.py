"""Databases with all tables in them, made once and copied: making them takes seconds of a core."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from functools import cache
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[1]


@cache
def sqlite_file() -> Path:
    """Return the file of an SQLite database as the first start leaves it."""
    folder = _migrated("")
    return folder / "likewise.sqlite3"


@cache
def template(server: str) -> str:
    """Return the name of a database on a server of PostgreSQL to make others from."""
    name = f"tables_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    atexit.register(_drop, server, name)
    _migrated(f"{server.rpartition('/')[0]}/{name}")
    return name


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _migrated(database: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="likewise-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIKEWISE_")}
    settings = {"LIKEWISE_ENV": os.devnull, "LIKEWISE_DATA": str(folder)}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"],
        cwd=ROOT,
        env=kept | settings | {"DATABASE_URL": database, "REDIS_URL": ""},
        check=True,
    )
    return folder
