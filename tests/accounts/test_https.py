"""Where the public address is https, plain http is redirected, or refused if it writes."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as program
from django.test import Client
from pytest_django import Settings

from dashboard.models import SimilarityType
from tests.api.calls import TYPE
from tests.factories import PASSWORD, Cast, make_key, make_type

URL = "https://likewise.example.com"
OURS, OTHERS = "10.1.2.3", "203.0.113.9"
LOGIN = "/accounts/login/"
TYPED = {"login": "alice@example.org", "password": PASSWORD}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _https(settings: Settings) -> None:
    settings.LIKEWISE_URL = URL
    settings.LIKEWISE_TRUSTED_PROXIES = ["10.0.0.0/8"]
    settings.ALLOWED_HOSTS = ["testserver", "likewise.example.com"]


def over(scheme: str, peer: str = OURS, **more: str) -> dict[str, Any]:
    """Return what a request from a proxy is made with."""
    return {"headers": {"X-Forwarded-Proto": scheme, **more}, "REMOTE_ADDR": peer}


# Pages


@pytest.mark.parametrize(
    "address", ["/accounts/login/", "/settings/tokens?next=%2Fa&b=1", "/setup?key=abc", "/"]
)
@pytest.mark.parametrize("method", ["get", "head"])
def test_what_reads_is_redirected(client: Client, address: str, method: str) -> None:
    answer = getattr(client, method)(address)
    assert (answer.status_code, answer["Location"]) == (302, URL + address)
    assert answer["Cache-Control"] == "no-store"


def test_the_redirect_leads_to_no_other_host() -> None:
    for answer in (
        Client().get("/", SERVER_NAME="evil.example", PATH_INFO="//evil.example/a"),
        Client().get("/", headers={"Host": "evil.example"}),
        Client().get("/", headers={"X-Forwarded-Host": "evil.example"}),
    ):
        assert answer["Location"].startswith(f"{URL}/")


def test_behind_the_proxy_it_works(client: Client, cast: Cast) -> None:
    answer = client.post(LOGIN, TYPED, **over("https"))
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/", **over("https")).status_code == 200


def test_the_proxy_says_http_too(client: Client) -> None:
    assert client.get(LOGIN, **over("http"))["Location"] == URL + LOGIN


def test_a_form_is_not_redirected(client: Client, cast: Cast) -> None:
    answer = client.post(LOGIN, TYPED)
    assert answer.status_code == 403
    assert "Location" not in answer
    assert "it was not carried out" in answer.content.decode()
    assert "sessionid" not in client.cookies
    assert "Content-Security-Policy" in answer


def test_an_address_that_is_not_there_is_redirected_as_well(client: Client) -> None:
    assert client.get("/not/there")["Location"] == f"{URL}/not/there"


def test_health_is_told_over_http(client: Client) -> None:
    for address in ("127.0.0.1", "172.18.0.5"):
        answer = client.get("/healthz", REMOTE_ADDR=address)
        assert set(answer.json()) == {"web", "database", "worker"}


def test_nothing_changes_where_the_address_is_http(client: Client, settings: Settings) -> None:
    settings.LIKEWISE_URL = "http://testserver"
    answer = client.get(LOGIN)
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in client.get(LOGIN, secure=True)


# HSTS


def test_browsers_are_told_to_come_back_by_https(client: Client) -> None:
    answer = client.get(LOGIN, **over("https"))
    assert answer["Strict-Transport-Security"] == "max-age=31536000"


def test_over_http_they_are_not(client: Client) -> None:
    assert "Strict-Transport-Security" not in client.get(LOGIN)
    assert "Strict-Transport-Security" not in client.get("/healthz")


# The API


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_a_token_is_refused_and_called_readable(client: Client, cast: Cast, method: str) -> None:
    key = make_key(cast.alice)
    answer = getattr(client, method)(TYPE, headers={"Authorization": f"Token {key}"})
    assert answer.status_code == 403
    assert "revoke it and create a new one" in answer.json()["detail"]
    assert key not in answer.content.decode()
    assert not SimilarityType.objects.exists()


def test_a_refused_call_does_nothing(client: Client, cast: Cast) -> None:
    made = make_type(cast.workspace)
    headers = {"Authorization": f"Token {make_key(cast.alice)}"}
    assert client.delete(f"{TYPE}{made.pk}/", headers=headers).status_code == 403
    assert SimilarityType.objects.filter(pk=made.pk).exists()
    # The same over HTTPS goes on.
    https = over("https", **headers)
    assert client.delete(f"{TYPE}{made.pk}/", **https).status_code == 204


def test_a_body_of_json_gets_json(client: Client) -> None:
    answer = client.post(TYPE, json.dumps({"name": "a"}), content_type="application/json")
    assert answer.status_code == 403
    assert "over HTTPS" in answer.json()["detail"]


# A proxy that is not trusted


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_proxy_that_is_missing_in_the_settings_is_named(client: Client, method: str) -> None:
    answer = getattr(client, method)(LOGIN, **over("https", OTHERS))
    assert answer.status_code == 400
    assert "LIKEWISE_TRUSTED_PROXIES" in answer.content.decode()
    assert OTHERS not in answer.content.decode()


def test_what_it_says_is_not_believed(client: Client, cast: Cast) -> None:
    headers = {"Authorization": f"Token {make_key(cast.alice)}"}
    answer = client.get(TYPE, **over("https", OTHERS, **headers))
    assert answer.status_code == 400
    assert "LIKEWISE_TRUSTED_PROXIES" in answer.json()["detail"]


def test_a_proxy_that_says_nothing_makes_no_loop(client: Client, settings: Settings) -> None:
    """The browser follows the redirect, the proxy ends TLS, and what arrives is http again."""
    settings.LIKEWISE_TRUSTED_PROXIES = []
    assert client.get(LOGIN).status_code == 302
    answer = client.get(LOGIN)
    assert answer.status_code == 400
    assert "X-Forwarded-Proto" in answer.content.decode()


def test_a_redirect_that_worked_leaves_no_trace(client: Client) -> None:
    assert client.get(LOGIN).status_code == 302
    assert client.get(LOGIN, **over("https")).status_code == 200
    assert client.get(LOGIN).status_code == 302


# Cookies


@pytest.mark.parametrize(("address", "secure"), [(URL, True), ("http://localhost:8000", False)])
def test_cookies_go_over_https_alone(address: str, secure: bool, tmp_path: Any) -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "from dashboard import settings as s;"
            "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)",
        ],
        cwd=program.BASE_DIR,
        env=os.environ | {"LIKEWISE_URL": address, "LIKEWISE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"{secure} {secure}\n"
