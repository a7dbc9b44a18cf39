"""What proxies say counts from the networks that the settings trust, and from nobody else."""

from typing import Any

import pytest
from allauth.core.internal.httpkit import get_client_ip
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts.proxies import forwarded
from tests.api.calls import IMAGE, TYPE
from tests.factories import Cast, make_image, make_key, make_type

OURS = "10.0.0.0/8"
SAID = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Host": "likewise.example.com",
    "X-Forwarded-Proto": "https",
}


def arrived(peer: str, **headers: str) -> HttpRequest:
    """Return the request as the program sees it."""
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    given = {name.replace("_", "-"): value for name, value in headers.items()}
    forwarded(view)(RequestFactory().get("/", headers=given, REMOTE_ADDR=peer))
    return seen[0]


@pytest.fixture(autouse=True)
def _ours(settings: Settings) -> None:
    settings.LIKEWISE_TRUSTED_PROXIES = [OURS, "2001:db8::/32"]
    settings.ALLOWED_HOSTS = ["testserver", "likewise.example.com"]


@pytest.mark.parametrize(
    "peer", ["10.1.2.3", "2001:db8::7", "::ffff:10.1.2.3", "10.1.2.3:4567", "[2001:db8::7]:80"]
)
def test_it_works(peer: str) -> None:
    request = arrived(peer, **SAID)
    assert request.META["REMOTE_ADDR"] == get_client_ip(request) == "203.0.113.7"
    assert request.build_absolute_uri("/a") == "https://likewise.example.com/a"
    assert request.is_secure()


@pytest.mark.parametrize("peer", ["203.0.113.9", "127.0.0.1", "::1", "", "nonsense"])
def test_from_anybody_else_it_changes_nothing(peer: str) -> None:
    more = {"Forwarded": "for=1.2.3.4;proto=https", "X-Real-IP": "1.2.3.4"}
    request = arrived(peer, **SAID, **more, **{"X-Forwarded-Port": "443"})
    assert request.META["REMOTE_ADDR"] == peer
    assert request.build_absolute_uri("/a") == "http://testserver/a"
    # Nor does anything see it that might believe it.
    assert not [name for name in request.headers if "Forwarded" in name or "Real" in name]


def test_nobody_is_trusted_by_default(settings: Settings) -> None:
    settings.LIKEWISE_TRUSTED_PROXIES = []
    request = arrived("127.0.0.1", **SAID)
    assert (request.META["REMOTE_ADDR"], request.scheme) == ("127.0.0.1", "http")


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7", "203.0.113.7"),  # the first is invented
        ("1.1.1.1, 203.0.113.7, 10.9.9.9", "203.0.113.7"),
        ("203.0.113.7:5555", "203.0.113.7"),
        ("[2001:4860::1]:5555", "2001:4860::1"),
        ("10.5.5.5, 10.9.9.9", "10.5.5.5"),
        ("203.0.113.7, nonsense", "10.1.2.3"),
        ("203.0.113.7, unknown, 10.9.9.9", "10.9.9.9"),
        ("", "10.1.2.3"),
        (" , ,", "10.1.2.3"),
    ],
)
def test_whose_address_it_is(chain: str, client: str) -> None:
    assert arrived("10.1.2.3", X_Forwarded_For=chain).META["REMOTE_ADDR"] == client


@pytest.mark.parametrize(
    ("chain", "proto", "scheme"),
    [
        ("203.0.113.7", "https", "https"),
        ("203.0.113.7", "HTTPS", "https"),
        ("203.0.113.7", "ftp", "http"),
        ("203.0.113.7", "http, https", "https"),  # the first is invented
        ("203.0.113.7, 10.9.9.9", "https, http", "https"),  # the inner proxy added its own
        ("203.0.113.7, 10.9.9.9", "https", "https"),
        ("", "https", "https"),
        ("", "", "http"),
    ],
)
def test_which_scheme_it_is(chain: str, proto: str, scheme: str) -> None:
    request = arrived("10.1.2.3", X_Forwarded_For=chain, X_Forwarded_Proto=proto)
    assert request.scheme == scheme


# As a whole


def get(address: str, cast: Cast, peer: str) -> Any:
    key = make_key(cast.bob)
    return Client().get(address, headers=SAID | {"Authorization": f"Token {key}"}, REMOTE_ADDR=peer)


def test_links_lead_through_the_proxy(cast: Cast) -> None:
    for number in range(2):
        make_type(cast.workspace, str(number))
        make_image(cast.workspace, number)
    public = "https://likewise.example.com/"
    assert get(f"{TYPE}?page_size=1", cast, "10.1.2.3").json()["next"].startswith(public)
    (image, _) = get(IMAGE, cast, "10.1.2.3").json()["results"]
    assert image["img_path"].startswith(public)
    assert image["thumb_img_path"].startswith(public)
    plain = "http://testserver/"
    assert get(f"{TYPE}?page_size=1", cast, "203.0.113.9").json()["next"].startswith(plain)
    (image, _) = get(IMAGE, cast, "203.0.113.9").json()["results"]
    assert image["img_path"].startswith(plain)


def test_a_host_that_is_not_ours_is_refused(cast: Cast, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    assert get(TYPE, cast, "10.1.2.3").status_code == 400


def test_guessing_is_counted_by_whoever_guesses(cast: Cast) -> None:
    """From one address one may try twenty sign-ins a minute, also behind a proxy."""
    login = "/accounts/login/"

    def tries(client_address: str) -> int:
        answer = Client().post(
            login,
            {"login": "nobody@example.org", "password": "wrong"},
            headers={"X-Forwarded-For": client_address},
            REMOTE_ADDR="203.0.113.9",
        )
        return answer.status_code

    # Invented addresses are no new visitors.
    statuses = [tries(f"198.51.100.{number}") for number in range(40)]
    assert statuses[-1] == 429
