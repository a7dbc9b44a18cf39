"""A server in trouble says so, in one sentence, and has changed nothing."""

import base64
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DataError, OperationalError
from django.db.utils import DatabaseErrorWrapper
from django.test import Client
from django.test.utils import override_settings
from django.views.debug import get_default_exception_reporter_filter

from dashboard.files.errors import DecodersBusy, StorageAway
from dashboard.files.images import budget
from dashboard.models import Image
from dashboard.views.server_errors import (
    DATABASE_AWAY,
    DATABASE_BUSY,
    DECODERS_BUSY,
    FILES_AWAY,
    FULL,
    trouble_behind,
)
from tests.factories import ApiClient, Cast, drawn_jpeg, make_image

NOWHERE = {
    "default": {
        "BACKEND": "dashboard.files.store.objects.BucketStorage",
        "OPTIONS": {"address": "s3://key:secret@bucket?endpoint_url=http://127.0.0.1:1"},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}


@contextmanager
def full_disk() -> Iterator[None]:
    """Let this process write no byte to any file, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def raised(work: Callable[[], Any]) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        work()
    return caught.value


def of_django(work: Callable[[], Any], driver: Any) -> BaseException:
    """Return what Django makes of a driver's error."""

    class Wrapper:
        Database = driver
        errors_occurred = False

    def wrapped() -> None:
        with DatabaseErrorWrapper(Wrapper()):  # type: ignore[arg-type]
            work()

    return raised(wrapped)


# What is behind an error


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    assert trouble_behind(raised(lambda: Path("/dev/full").write_text("x"))) == FULL
    with full_disk():
        assert trouble_behind(raised(lambda: (tmp_path / "a").write_text("x"))) == FULL


def test_a_database_without_room() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript("PRAGMA max_page_count = 2; CREATE TABLE a (b)")
    error = of_django(lambda: connection.execute("INSERT INTO a VALUES (zeroblob(9999))"), sqlite3)
    assert trouble_behind(error) == FULL


def test_a_database_file_that_cannot_grow(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.sqlite3", isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; CREATE TABLE a (b)")
    with full_disk():
        error = of_django(lambda: connection.execute("INSERT INTO a VALUES (1)"), sqlite3)
    assert trouble_behind(error) == FULL


def test_a_database_that_is_locked(tmp_path: Path) -> None:
    one, two = (sqlite3.connect(tmp_path / "a.sqlite3", timeout=0) for _ in range(2))
    one.execute("BEGIN IMMEDIATE")
    error = of_django(lambda: two.execute("BEGIN IMMEDIATE"), sqlite3)
    assert trouble_behind(error) == DATABASE_BUSY


def test_a_database_that_is_away() -> None:
    error = of_django(lambda: psycopg.connect("host=127.0.0.1 port=1"), psycopg)
    assert trouble_behind(error) == DATABASE_AWAY


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("53100", FULL),
        ("53300", DATABASE_BUSY),
        ("57P01", DATABASE_AWAY),
        ("08006", DATABASE_AWAY),
        ("25006", DATABASE_AWAY),
        ("57014", None),
        ("42P01", None),
    ],
)
def test_what_postgresql_says(code: str, trouble: Any) -> None:
    def fail() -> None:
        raise psycopg.errors.lookup(code)

    assert trouble_behind(of_django(fail, psycopg)) == trouble


def test_the_files_are_away_whatever_came_of_it() -> None:
    def fail() -> None:
        try:
            raise StorageAway("no answer")
        except StorageAway as error:
            raise RuntimeError("the page was not made") from error

    assert trouble_behind(raised(fail)) == FILES_AWAY


@pytest.mark.parametrize(
    "error", [None, ValueError("no"), FileNotFoundError(2, "no"), DataError("no")]
)
def test_what_is_no_trouble_of_the_server(error: BaseException | None) -> None:
    assert trouble_behind(error) is None


def test_a_mistake_in_a_statement_is_our_own() -> None:
    connection = sqlite3.connect(":memory:")
    error = of_django(lambda: connection.execute("SELECT * FROM nothing"), sqlite3)
    assert isinstance(error, OperationalError)
    assert trouble_behind(error) is None


# What is answered


def upload(client: ApiClient) -> Any:
    client.raise_request_exception = False
    body = {"base64": base64.b64encode(drawn_jpeg()).decode()}
    return client.post("/recognition/v2/training-image", body)


def test_the_api_while_the_disk_is_full(
    cast: Cast, api: Callable[[Any], ApiClient], tmp_path: Path
) -> None:
    client = api(cast.bob)
    with full_disk():
        answer = upload(client)
    assert answer.status_code == 507
    assert answer.json()["detail"].startswith("The server’s disk is full. Nothing was")
    assert answer.json()["request_id"] == answer["X-Request-ID"]
    assert not Image.objects.exists()
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert upload(client).status_code < 300


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[budget.Budget]:
    """Let another thread hold all the memory that decoding may take, of a server in a hurry."""
    whole = budget.Budget(768 << 20)
    whole.hurry()
    monkeypatch.setattr(whole, "patience", 0.05)
    monkeypatch.setattr(budget, "decoding", lambda: whole)
    for lane in (whole.small, whole.large):
        lane.take_at_once(lane.capacity)
    yield whole
    assert (whole.small.waiting, whole.large.waiting) == (0, 0)


def test_the_api_while_large_images_take_all(
    cast: Cast, api: Callable[[Any], ApiClient], busy: budget.Budget
) -> None:
    client = api(cast.bob)
    answer = upload(client)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert answer.json()["detail"].startswith("This server is busy with other large images. Send")
    assert not Image.objects.exists()
    busy.small.free(busy.small.capacity)
    assert upload(client).status_code < 300


def test_a_page_while_large_images_take_all(bob_client: Client, busy: budget.Budget) -> None:
    bob_client.raise_request_exception = False
    file = SimpleUploadedFile("a.jpg", drawn_jpeg())
    answer = bob_client.post("/search/", {"file": file})
    assert answer.status_code == 503
    assert DECODERS_BUSY.sentence in answer.content.decode()
    assert busy.small.used == busy.small.capacity


def test_busy_decoders_are_trouble_of_the_server() -> None:
    assert trouble_behind(DecodersBusy()) == DECODERS_BUSY


@override_settings(STORAGES=NOWHERE)
def test_the_api_while_the_files_are_away(cast: Cast, api: Callable[[Any], ApiClient]) -> None:
    answer = upload(api(cast.bob))
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert answer.json()["detail"].startswith("The file storage is not responding.")
    assert "secret" not in answer.content.decode()
    assert not Image.objects.exists()


def test_a_page_while_the_files_are_away(cast: Cast, bob_client: Client) -> None:
    image = make_image(cast.workspace)
    bob_client.raise_request_exception = False
    with override_settings(STORAGES=NOWHERE):
        answer = bob_client.get(f"/search/?image={image.pk}&version=")
    assert answer.status_code == 503
    page = answer.content.decode()
    assert "The file storage is not responding." in page
    assert "Temporarily unavailable" in page
    assert "<h1" in page


def test_no_traceback_shows_a_password_of_the_settings() -> None:
    with override_settings(
        LIKEWISE_STORAGE="s3://key:hidden@files",
        STORAGES={"default": {"OPTIONS": {"address": "s3://key:hidden@files"}}},
        CACHES={"default": {"LOCATION": "redis://:hidden@cache"}},
        REDIS_URL="redis://:hidden@cache",
        CELERY_BROKER_URL="redis://:hidden@cache",
    ):
        shown = get_default_exception_reporter_filter().get_safe_settings()
    assert shown["TIME_ZONE"] == "UTC"
    assert "hidden" not in repr(shown)
