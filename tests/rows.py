"""Read the rows of a running installation directly from its database."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg

from tests.live import Server

FINISHED = ("done", "failed", "cancelled")


class Rows:
    """The program's database; `url` if the tests do not connect to it as the program does."""

    def __init__(self, server: Server, url: str | None = None) -> None:
        self._url = server.environment.get("DATABASE_URL", "") if url is None else url
        self._file = server.folder / "likewise.sqlite3"

    def all(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        if self._url:
            with psycopg.connect(self._url, autocommit=True) as connection:
                return connection.execute(sql.encode()).fetchall()
        address = f"file:{self._file}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=20)) as rows:
            return rows.execute(sql).fetchall()

    def execute(self, sql: str) -> None:
        """Change rows without the program."""
        if self._url:
            with psycopg.connect(self._url) as connection:
                connection.execute(sql.encode())
            return
        with closing(sqlite3.connect(self._file, timeout=20)) as connection, connection:  # type: ignore[assignment]
            connection.execute(sql)

    def one(self, sql: str) -> Any:
        """Return the only value of a query."""
        ((value,),) = self.all(sql)
        return value

    def job(self, kind: str) -> dict[str, Any] | None:
        """Return the newest job of a kind."""
        names = ("id", "state", "owner", "done", "failed", "total", "fraction", "message")
        columns = ", ".join(names)
        found = self.all(
            f"SELECT {columns} FROM dashboard_job WHERE kind = '{kind}'"
            " ORDER BY created DESC LIMIT 1"
        )
        return dict(zip(names, found[0], strict=True)) if found else None

    def wait(
        self,
        kind: str,
        enough: Callable[[dict[str, Any]], bool] = lambda _: False,
        patience: float = 90,
    ) -> dict[str, Any]:
        """Poll the newest job of a kind until it is far enough, or has ended."""
        end = time.monotonic() + patience
        job = None
        while time.monotonic() < end:
            job = self.job(kind)
            if job and (job["state"] in FINISHED or enough(job)):
                return job
            time.sleep(0.02)
        raise AssertionError(f"the job did not end: {job}")
