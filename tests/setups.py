"""Define the two set-ups in which the program runs, each with a separate database."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import redis

from tests import prepared

NAMES = ("sqlite", "postgres")
QUICK = {"LIKEWISE_LEASE": "3", "LIKEWISE_SWEEP": "0.5", "LIKEWISE_FETCH_PRIVATE": "127.0.0.1/32"}
LACKING = "needs PostgreSQL and Redis: set DATABASE_URL and REDIS_URL"
_SPARE_REDIS = 8  # the offset of the databases for the walks, one for each test process


@contextmanager
def sqlite() -> Iterator[dict[str, str]]:
    """Yield the settings of the embedded default, with short leases."""
    yield QUICK | {"DATABASE_URL": "", "REDIS_URL": ""}


@contextmanager
def postgres(server: str, broker: str) -> Iterator[dict[str, str]]:
    """Yield the settings of a larger installation: a new database, a Redis emptied afterwards."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    number = int(urlsplit(broker).path.strip("/") or 0) + _SPARE_REDIS + process
    broker = urlsplit(broker)._replace(path=f"/{number}").geturl()
    with database(server) as url:
        yield QUICK | {"DATABASE_URL": url, "REDIS_URL": broker}
    redis.Redis.from_url(broker).flushdb()


@contextmanager
def database(server: str) -> Iterator[str]:
    """Create a database with all tables on a PostgreSQL server, until the block ends."""
    template = prepared.template(server)
    name = f"walk_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        # No test interrupts the power of the server itself.
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def postgres_server() -> str:
    """Return the URL of the server that the tests may use; empty if there is none."""
    return os.environ.get("DATABASE_URL", "")
