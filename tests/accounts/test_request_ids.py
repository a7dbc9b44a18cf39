"""Every request has an id and leaves one log line, which holds no secret."""

import logging
import re

import pytest
from django.test import Client

from accounts.logs import RequestIdFilter, current_request_id
from accounts.middleware import logger
from tests.factories import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=logger.name)


def the_line(caplog: pytest.LogCaptureFixture) -> str:
    (record,) = [record for record in caplog.records if record.name == logger.name]
    return record.getMessage()


def test_it_works(alice_client: Client, caplog: pytest.LogCaptureFixture) -> None:
    answer = alice_client.get("/settings/tokens")
    assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-ID"])
    line = the_line(caplog)
    assert re.fullmatch(r"method=GET path=/settings/tokens status=200 ms=\d+\.\d", line)


def test_every_request_has_its_own(alice_client: Client) -> None:
    ids = {alice_client.get("/settings/tokens")["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3


def test_a_proxys_id_is_kept(client: Client) -> None:
    answer = client.get("/accounts/login/", headers={"X-Request-ID": "proxy-0123_ABC"})
    assert answer["X-Request-ID"] == "proxy-0123_ABC"


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space and more", "käse-käse"])
def test_a_strange_id_is_not(client: Client, given: str) -> None:
    answer = client.get("/accounts/login/", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-ID"])


def test_refusals_have_one_too(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert "X-Request-ID" in client.get("/there/is/nothing")
    assert "path=/there/is/nothing status=404" in the_line(caplog)


@pytest.mark.parametrize(
    "address",
    [
        "/settings/tokens?key=SECRET",
        "/setup?key=SECRET",
        "/accounts/password/reset/key/1-SECRET/",
        "/settings/account/email/confirm/SECRET",
    ],
)
def test_the_line_holds_no_secret(
    alice_client: Client, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    alice_client.get(address, headers={"Authorization": "Token SECRET"})
    assert "SECRET" not in the_line(caplog)


def test_a_path_cannot_forge_a_line(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/nothing%0Amethod=GET path=/forged")
    assert "\n" not in the_line(caplog)


def test_the_id_is_on_every_log_record(cast: Cast) -> None:
    record = logging.makeLogRecord({"msg": "hello"})
    held = current_request_id.set("a-request")
    assert RequestIdFilter().filter(record)
    current_request_id.reset(held)
    assert record.request_id == "a-request"  # type: ignore[attr-defined]
