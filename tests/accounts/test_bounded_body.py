"""A form that is too large is refused before anything reads it."""

import io
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from accounts.bodies import SIGNED_OUT, WITHOUT_FILES
from dashboard.files.sizes import readable_size
from tests.factories import Cast, api_client

FILES = "multipart/form-data; boundary=x"
FIELDS = "application/x-www-form-urlencoded"


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make reading a body a failure."""

    def read(_: HttpRequest) -> None:
        raise AssertionError("the body was read")

    monkeypatch.setattr("django.core.handlers.wsgi.WSGIRequest._load_post_and_files", read)


def post(client: Client, address: str, size: int, kind: str = FILES) -> Any:
    head = {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(size)}
    return client.generic("POST", address, b"", **head)


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
    assert readable_size(settings.LIKEWISE_MAX_BODY) in answer.content.decode()
    assert post(alice_client, "/groups/new", 10**30).status_code == 413


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize("kind", [FIELDS, "application/json", "text/plain", ""])
def test_what_can_hold_no_file(alice_client: Client, kind: str) -> None:
    for address in ("/search/", "/groups/new"):
        answer = post(alice_client, address, WITHOUT_FILES + 1, kind)
        assert answer.status_code == 413


@pytest.mark.parametrize("part", ["", 'Content-Disposition: form-data; name="a"\r\n'])
@pytest.mark.parametrize("address", ["/search/", "/uploads/new", "/recognition/v2/training-image"])
def test_a_form_of_very_many_parts(
    cast: Cast, alice_client: Client, settings: Settings, address: str, part: str
) -> None:
    """Those without a name are counted as well, and the rest of the form is not read."""
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = settings.DATA_UPLOAD_MAX_NUMBER_FILES = 50
    body = f"--x\r\n{part}\r\n\r\n".encode() * 100_000
    stream = io.BytesIO(body)
    head = {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": FILES, "wsgi.input": stream}
    client = api_client(cast.alice) if address.startswith("/rec") else alice_client
    assert client.generic("POST", address, b"", FILES, **head).status_code == 400
    assert stream.tell() < 1 << 20


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
