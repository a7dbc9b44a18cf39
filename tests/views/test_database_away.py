"""While the database is away pages and calls say so; once it is back they work as before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from accounts.models import User
from tests.factories import ApiClient, Cast


@contextmanager
def away(error: type[Exception]) -> Iterator[None]:
    """Let every query fail as it does when nobody answers."""

    def fail(*_: Any) -> None:
        raise error("could not connect")

    with connection.execute_wrapper(fail):
        yield


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_page_says_so_and_recovers(bob_client: Client, error: type[Exception]) -> None:
    bob_client.raise_request_exception = False
    with away(error):
        answer = bob_client.get("/types/")
    assert answer.status_code == 503
    assert "The database is not responding." in answer.content.decode()
    assert answer["Retry-After"] == "5"
    assert bob_client.get("/types/").status_code == 200


def test_a_call_says_so_and_recovers(
    cast: Cast, api: Callable[[User | str | None], ApiClient]
) -> None:
    client = api(cast.bob)
    client.raise_request_exception = False
    with away(OperationalError):
        answer = client.get("/similarity/training/v2/type/")
    assert answer.status_code == 503
    assert "is not responding" in answer.json()["detail"]
    assert client.get("/similarity/training/v2/type/").status_code == 200


def test_health_says_so(client: Client, db: None) -> None:
    with away(InterfaceError):
        answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "no answer: InterfaceError"


def test_a_defect_is_still_one(bob_client: Client) -> None:
    bob_client.raise_request_exception = False
    with away(ZeroDivisionError):
        assert bob_client.get("/types/").status_code == 500
