"""A form that is too large is refused before anything reads it."""

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from accounts.bodies import SIGNED_OUT
from tests.factories import Cast


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make reading a body a failure."""

    def read(_: HttpRequest) -> None:
        raise AssertionError("the body was read")

    monkeypatch.setattr("django.core.handlers.wsgi.WSGIRequest._load_post_and_files", read)


def post(client: Client, address: str, size: int) -> Any:
    return client.generic(
        "POST", address, b"", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(size)
    )


@pytest.mark.usefixtures("unread", "db")
@pytest.mark.parametrize(
    "address", ["/accounts/login/", "/setup", "/search/", "/accounts/password/reset/"]
)
def test_from_who_is_signed_out(client: Client, address: str) -> None:
    assert post(client, address, SIGNED_OUT + 1).status_code == 413


@pytest.mark.usefixtures("unread")
def test_from_who_is_signed_in(alice_client: Client, settings: Settings) -> None:
    answer = post(alice_client, "/search/", settings.LIKEWISE_MAX_BODY + 1)
    assert answer.status_code == 413
    assert "128" in answer.content.decode()
    assert post(alice_client, "/groups/new", 10**30).status_code == 413


def test_up_to_the_limit_it_is_read(cast: Cast, alice_client: Client) -> None:
    name = "x" * (SIGNED_OUT + 1)
    answer = alice_client.post("/groups/new", {"name": name})
    assert answer.status_code == 422


@pytest.mark.usefixtures("unread", "db")
def test_where_other_limits_hold(client: Client) -> None:
    """The upload page sends away who is signed out, the API who has no key; neither reads."""
    assert post(client, "/uploads/new", SIGNED_OUT + 1).status_code == 302
    assert post(client, "/recognition/v2/training-image/", SIGNED_OUT + 1).status_code == 401


@pytest.mark.parametrize("length", ["", "x", "-1"])
def test_a_length_that_is_none(client: Client, db: None, length: str) -> None:
    answer = client.generic("POST", "/accounts/login/", b"", CONTENT_LENGTH=length)
    assert answer.status_code in (200, 403)
