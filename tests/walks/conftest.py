"""The program as a whole, on both set-ups: SQLite with its own queue, PostgreSQL with Redis."""

import os
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from dashboard.services import jobs
from tests.conftest import REDIS_URL
from tests.factories import Cast, make_cast
from tests.live import EMAIL, PASSWORD, Server, running

SPARE_REDIS = 8  # so many further on is a database of the walks' own, emptied afterwards
QUICK = {"LIKEWISE_LEASE": "3", "LIKEWISE_SWEEP": "0.5", "LIKEWISE_FETCH_PRIVATE": "127.0.0.1/32"}


@pytest.fixture(scope="session", autouse=True)
def _static() -> None:
    """Make the folder that WhiteNoise looks for when the live server starts, before any test."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.fixture
def cast(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Make the cast anew for each test, and no worker: the tests run their jobs themselves."""
    monkeypatch.setattr(jobs.app, "send_task", lambda *_, **__: None)
    return make_cast()


@pytest.fixture
def endpoint(live_server: LiveServer) -> str:
    """Return the address of a web server in a thread of this process."""
    return f"http://localhost:{live_server.thread.port}/"


@pytest.fixture(params=["sqlite", "postgres"])
def set_up(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Give the settings of a set-up, with a database of its own and leases that end soon."""
    if request.param == "sqlite":
        yield QUICK | {"DATABASE_URL": "", "REDIS_URL": ""}
        return
    database, broker = os.environ.get("DATABASE_URL"), REDIS_URL
    if not database or not broker:
        pytest.skip("needs PostgreSQL and Redis: set DATABASE_URL and REDIS_URL")
    number = int(urlsplit(broker).path.strip("/") or 0) + SPARE_REDIS
    broker = urlsplit(broker)._replace(path=f"/{number}").geturl()
    name = f"walk_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield QUICK | {
                "DATABASE_URL": f"{database.rpartition('/')[0]}/{name}",
                "REDIS_URL": broker,
            }
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            redis.Redis.from_url(broker).flushdb()


@pytest.fixture
def new_server(set_up: dict[str, str]) -> Iterator[Server]:
    """Run the program as it is at its first start."""
    with running(**set_up) as server:
        yield server


@pytest.fixture
def server(new_server: Server) -> Server:
    """Run the program with an account on it."""
    new_server.manage("user", "create", "--email", EMAIL, "--password", PASSWORD)
    return new_server
