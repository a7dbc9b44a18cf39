"""The program as a whole, on both set-ups: SQLite with its own queue, PostgreSQL with Redis."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from dashboard.services.jobs import queueing
from tests import setups
from tests.conftest import REDIS_URL
from tests.factories import Cast, make_cast
from tests.live import EMAIL, PASSWORD, Server, running

OWNER = {"LIKEWISE_ADMIN_EMAIL": EMAIL, "LIKEWISE_ADMIN_PASSWORD": PASSWORD}


@pytest.fixture(scope="session", autouse=True)
def _static() -> None:
    """Make the folder that WhiteNoise looks for when the live server starts, before any test."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.fixture
def cast(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Make the cast anew for each test, and no worker: the tests run their jobs themselves."""
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    return make_cast()


@pytest.fixture
def endpoint(live_server: LiveServer) -> str:
    """Return the address of a web server in a thread of this process."""
    return f"http://localhost:{live_server.thread.port}/"


@pytest.fixture(params=setups.NAMES)
def set_up(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Give the settings of a set-up, with a database of its own and leases that end soon."""
    yield from _set_up(request)


@pytest.fixture(scope="module", params=setups.NAMES)
def shared_set_up(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Give the same for all tests of a module."""
    yield from _set_up(request)


def _set_up(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    if request.param == "sqlite":
        with setups.sqlite() as settings_of_it:
            yield settings_of_it
        return
    if not setups.postgres_server() or not REDIS_URL:
        pytest.skip(setups.LACKING)
    with setups.postgres(setups.postgres_server(), REDIS_URL) as settings_of_it:
        yield settings_of_it


@pytest.fixture
def new_server(set_up: dict[str, str]) -> Iterator[Server]:
    """Run the program as it is at its first start."""
    with running(**set_up) as server:
        yield server


@pytest.fixture
def server(set_up: dict[str, str]) -> Iterator[Server]:
    """Run the program with an account on it."""
    with running(**set_up, **OWNER) as server:
        yield server


@pytest.fixture(scope="module")
def shared_server(shared_set_up: dict[str, str]) -> Iterator[Server]:
    """Run the program for tests that leave each other alone."""
    with running(**shared_set_up, **OWNER) as server:
        yield server
