"""Prepare slow parts that all tests share: tables, style sheets and scripts.

Each part is made once and copied. All processes of a run share one folder, which
`LIKEWISE_TEST_SHARED` names; the first process that needs a part makes it, and the others wait.
`python -m tests.prepared` makes all parts in advance, and with `away` removes those outside the
folder.
"""

import atexit
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[1]
FOLDER = "LIKEWISE_TEST_SHARED"
KEPT = ROOT / ".pytest_cache/tables"  # `make clean` removes it
SQLITE = "likewise.sqlite3"
_TEMPLATE = "template"


def shared() -> Path:
    """Return the shared folder; the process that creates it removes it at its end."""
    if not os.environ.get(FOLDER):
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="likewise-shared-")
        atexit.register(_remove, Path(os.environ[FOLDER]), os.getpid())
    return Path(os.environ[FOLDER])


@cache
def sqlite_file() -> Path:
    """Return the file of an SQLite database in the state after the first start.

    It is kept between runs until a migration changes, so that a run of one test file need not wait.
    """
    kept = KEPT / f"{_migrations()}.sqlite3"
    if not kept.exists():
        made = _made("sqlite", lambda folder: _migrate(folder, "")) / SQLITE
        KEPT.mkdir(parents=True, exist_ok=True)
        whole = shutil.copy(made, KEPT / f"{uuid.uuid4().hex}.part")
        Path(whole).replace(kept)
    return kept


def _migrations() -> str:
    """Return a hash of our migrations and of the packages' versions."""
    files = [ROOT / "requirements.lock", *sorted(ROOT.glob("*/migrations/*.py"))]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def static_files() -> Path:
    """Return a folder of style sheets and scripts as the first start collects them."""
    file = sqlite_file()

    def collect(folder: Path) -> None:
        data = folder / "data"
        data.mkdir()
        shutil.copy(file, data / SQLITE)
        _manage("start", "prepare", LIKEWISE_DATA=data, LIKEWISE_STATIC=folder / "static")

    return _made("static", collect) / "static"


@cache
def template(server: str) -> str:
    """Return the name of a template database on a PostgreSQL server."""

    def create(folder: Path) -> None:
        name = f"tables_{uuid.uuid4().hex[:12]}"
        (folder / _TEMPLATE).write_text(f"{server}\n{name}")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        _migrate(folder, f"{server.rpartition('/')[0]}/{name}")

    return (_made("postgres", create) / _TEMPLATE).read_text().split()[1]


def _made(part: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of a part, which one process makes while the others wait."""
    folder = shared() / part
    with (shared() / f"{part}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)  # from an interrupted process
            folder.mkdir()
            make(folder)
            (folder / "done").touch()
    return folder


def _migrate(folder: Path, database: str) -> None:
    _manage(
        "migrate", "--no-input", "--verbosity", "0", DATABASE_URL=database, LIKEWISE_DATA=folder
    )


def _manage(*command: str, **settings: str | Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIKEWISE_")}
    kept |= {"LIKEWISE_ENV": os.devnull, "DATABASE_URL": "", "REDIS_URL": ""}
    kept |= {"LIKEWISE_RESERVE_DISK": "0"}
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=kept | {name: str(value) for name, value in settings.items()},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _remove(folder: Path, maker: int) -> None:
    if os.getpid() != maker:
        return  # a fork of the process that made it
    drop_template(folder)
    shutil.rmtree(folder, ignore_errors=True)


def drop_template(folder: Path) -> None:
    """Drop the template database, if there is one."""
    note = folder / "postgres" / _TEMPLATE
    if note.exists():
        server, name = note.read_text().split()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def main(words: list[str]) -> None:
    """Make every part, or drop the template."""
    if words == ["away"]:
        drop_template(shared())
        return
    static_files()
    if server := os.environ.get("DATABASE_URL", ""):
        template(server)


if __name__ == "__main__":
    main(sys.argv[1:])
