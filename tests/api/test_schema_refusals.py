"""Each refusal that any call may answer is provoked in every call, and is what the schema says."""

import errno
import re
from typing import Any

import pytest
from django.db import OperationalError
from pytest_django import Settings

from dashboard.api.authentication import TokenAuthentication
from tests.api.calls import NOBODYS
from tests.api.training.described import OPERATIONS, SCHEMA, agrees
from tests.factories import ApiClient, Cast, api_client

CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}
TOO_LARGE = {"CONTENT_LENGTH": "1000000000"}
NO_JSON = {"HTTP_ACCEPT": "text/csv"}


def ask(client: ApiClient, path: str, method: str, **sent: Any) -> Any:
    """Make a call about things that are not there."""
    address = re.sub(r"{\w+}", NOBODYS, path)
    return client.generic(method.upper(), address, **{"HTTP_COLLECTION_ID": NOBODYS} | sent)


def refused(client: ApiClient, status: int, *, writing: bool = False, **sent: Any) -> None:
    """See that every call is refused so, in words that the schema has."""
    for path, method, operation in OPERATIONS:
        if writing and "requestBody" not in operation:
            continue
        answer = ask(client, path, method, **sent)
        assert answer.status_code == status, (method, path, answer.content)
        agrees(answer, path)


def test_it_works(cast: Cast, settings: Settings) -> None:
    """Over its rate a token is told when to come again, whatever it asks for."""
    settings.LIKEWISE_THROTTLE = "1/d"
    client = api_client(cast.bob)
    assert client.get("/account/v2/user/").status_code == 200
    refused(client, 429)


def test_chunks_of_unknown_number(cast: Cast) -> None:
    refused(api_client(cast.bob), 411, **CHUNKED)


def test_a_body_over_the_limit(cast: Cast) -> None:
    refused(api_client(cast.bob), 413, **TOO_LARGE)


def test_without_a_token(db: None) -> None:
    refused(api_client(None), 401)


def test_an_answer_that_is_no_json(cast: Cast) -> None:
    refused(api_client(cast.bob), 406, **NO_JSON)


def test_a_body_that_is_neither_json_nor_a_form(cast: Cast) -> None:
    sent = {"data": b"name,type", "content_type": "text/csv"}
    refused(api_client(cast.bob), 415, writing=True, **sent)


def test_a_body_that_is_broken(cast: Cast) -> None:
    """Where it is about something that is not there, the body is not read."""
    sent = {"data": b"{", "content_type": "application/json"}
    for path, method, operation in OPERATIONS:
        if "requestBody" in operation:
            answer = ask(api_client(cast.bob), path, method, **sent)
            about_nothing = "{" in path or path.startswith("/similarity/custom/")
            assert answer.status_code == (404 if about_nothing else 400), (method, path)
            agrees(answer, path)


@pytest.mark.parametrize(
    ("status", "error"),
    [(503, OperationalError("the connection was closed")), (507, OSError(errno.ENOSPC, "full"))],
)
def test_a_server_in_trouble(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, status: int, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    client = api_client(cast.bob)
    client.raise_request_exception = False
    monkeypatch.setattr(TokenAuthentication, "authenticate", fail)
    refused(client, status)


@pytest.mark.parametrize("status", [429, 411, 413, 401, 406, 415, 400, 503, 507])
def test_the_schema_has_them_in_every_call(status: int) -> None:
    missing = [
        (method, path)
        for path, method, operation in OPERATIONS
        if str(status) not in operation["responses"]
    ]
    assert missing == []
    assert f"Refused{status}" in SCHEMA["components"]["responses"]
