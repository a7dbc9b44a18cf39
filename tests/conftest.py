"""Set up every test: a separate environment, the cast of users, and a client for each."""

import gc
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache as kept
from pathlib import Path
from typing import Any

# The suite must not read the developer's settings nor write to their data; only the database of
# DATABASE_URL counts. This runs before Django, which reads its settings once.
_folder = tempfile.mkdtemp(prefix="likewise-tests-")
for _name in [name for name in os.environ if name.startswith("LIKEWISE_")]:
    if not _name.startswith("LIKEWISE_TEST_"):
        del os.environ[_name]
os.environ["LIKEWISE_ENV"] = os.devnull
# Container images often disable compiled files. Each of the hundreds of processes that the tests
# start would then compile the whole program again, and each test process all tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Jobs that the tests enqueue must not reach anybody's Redis; the walks, which need one, find it
# here. xdist starts its workers with the environment that is set here.
REDIS_URL = os.environ.pop("REDIS_URL", "") or os.environ.get("LIKEWISE_TEST_REDIS", "")
os.environ["LIKEWISE_TEST_REDIS"] = REDIS_URL
os.environ["LIKEWISE_DATA"] = _folder
os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
(Path(_folder) / "static").mkdir()  # a live server starts before the first test's own settings

import django  # noqa: E402
import django.conf  # noqa: E402

django.setup()
# A thread of the live server that waits for a kept-alive client must not hold the test database.
django.conf.settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
if not os.environ.get("DATABASE_URL"):
    # Set explicitly, since pytest-django recognizes only Django's own SQLite backend as in-memory.
    django.conf.settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = ":memory:"

import pytest  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402
from django.test import Client, TransactionTestCase  # noqa: E402
from pytest_django import Settings  # noqa: E402

from accounts.models import User, Workspace  # noqa: E402
from dashboard.services.jobs.queueing import Broker  # noqa: E402
from tests import prepared  # noqa: E402
from tests.factories import ApiClient, Cast, api_client, make_cast, signed_in  # noqa: E402
from tests.scheduling import FileByFile, longest_first  # noqa: E402

_ROOT = Path(__file__).parent
_MADE_BY_MIGRATE = {"django_content_type", "auth_permission"}
prepared.shared()  # named here, before xdist starts its workers


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the contract's tests; walks that start the program run on each database."""
    room = item.path.relative_to(_ROOT).parts[0]
    starts_it = {"set_up", "shared_set_up"} & set(getattr(item, "fixturenames", ()))
    if room == "api" or (room == "walks" and not starts_it):
        item.add_marker("contract")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items, _ROOT.parent)


def pytest_collection_finish() -> None:
    """Exclude thousands of tests and modules from garbage collection: they live to the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileByFile:
    config.option.loadscopereorder = False  # by time, not by number
    return FileByFile(config, log)


def pytest_unconfigure() -> None:
    shutil.rmtree(_folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _house(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Give each test its own files and cache, cheap passwords, and unprocessed static files."""
    static = Path(_folder) / "static"
    static.mkdir(exist_ok=True)
    settings.STATIC_ROOT = static
    settings.LIKEWISE_DATA = tmp_path
    settings.FILE_UPLOAD_TEMP_DIR = Path(tempfile.mkdtemp(dir=_folder))
    settings.LIKEWISE_RESERVE_DISK = 0  # the machine that runs the tests may have a small disk
    settings.LIKEWISE_LEASE = 3600  # the lease's thread cannot see a test's transaction
    settings.LIKEWISE_URL = "http://testserver"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.STORAGES = {
        "default": {
            "BACKEND": "dashboard.files.store.storage.AtomicFileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    Broker.away_until = 0.0
    yield
    cache.clear()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Create the test database with all tables, so that no migration has to run."""
    default = connection.settings_dict
    if connection.vendor == "postgresql":
        if not any(map(_uses_a_database, request.session.items)):
            return
        default["TEST"]["TEMPLATE"] = prepared.template(os.environ["DATABASE_URL"])
        # A test's data need not survive a crash of the server.
        default["OPTIONS"]["options"] = "-c synchronous_commit=off"
    else:
        connection_created.connect(_fill, weak=False)


def _uses_a_database(item: pytest.Item) -> bool:
    names = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(names or item.get_closest_marker("django_db"))


def _fill(connection: Any, **_: object) -> None:
    """Copy the tables into an in-memory database once it exists."""
    connection_created.disconnect(_fill)
    with closing(sqlite3.connect(prepared.sqlite_file())) as tables:
        tables.backup(connection.connection)


@kept
def _filled_by_tests() -> list[str]:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(tables) - _MADE_BY_MIGRATE)


def _empty_tables(_: TransactionTestCase) -> None:
    """Empty the tables that a test with real transactions has filled.

    Django would truncate every table, which costs PostgreSQL two new files for each, and then
    recreate the rows of content types and permissions, which no test changes.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        for table in _filled_by_tests():
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


TransactionTestCase._fixture_teardown = _empty_tables  # type: ignore[attr-defined]  # not in stubs


@pytest.fixture(scope="session", autouse=True)
def _nobody_holds_the_database(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close the connections of live servers' threads, or PostgreSQL would not drop the database."""
    before = connection.settings_dict["NAME"]
    request.getfixturevalue("django_db_setup")
    yield
    # If no test needs a database, none was created: the connection is to the developer's own one.
    if connection.vendor != "postgresql" or connection.settings_dict["NAME"] == before:
        return
    with request.getfixturevalue("django_db_blocker").unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def workspace(cast: Cast) -> Workspace:
    return cast.workspace


@pytest.fixture
def alice_client(cast: Cast) -> Client:
    return signed_in(cast.alice)


@pytest.fixture
def ann_client(cast: Cast) -> Client:
    return signed_in(cast.ann)


@pytest.fixture
def bob_client(cast: Cast) -> Client:
    return signed_in(cast.bob)


@pytest.fixture
def vera_client(cast: Cast) -> Client:
    return signed_in(cast.vera)


@pytest.fixture
def charlie_client(cast: Cast) -> Client:
    return signed_in(cast.charlie)


@pytest.fixture
def api() -> Callable[[User | str | None], ApiClient]:
    """Return a function that makes a REST API client for a user, a token or nobody."""
    return api_client
