"""Test that every route has a row in `routes.py` and is only for those whom it names."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Scope, User, Workspace
from tests.factories import PASSWORD, Cast, api_client, make_key, signed_in
from tests.routes import (
    ADMIN,
    OPERATORS,
    OWN,
    ROUTES,
    THINGS,
    UNNAMED,
    Admin,
    Api,
    Operator,
    Own,
    Page,
)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


# None was forgotten


def addresses(
    patterns: list[URLPattern | URLResolver], namespace: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Yield every address with its name, or as it stands if it has none."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name or pattern.pattern}", pattern
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern.url_patterns, inner)


def test_every_address_is_listed() -> None:
    there = {name for name, _ in addresses(get_resolver().url_patterns)} - {UNNAMED}
    listed = [route.name for route in ROUTES]
    assert sorted(there - set(listed)) == [], "give these a row in tests/routes.py"
    assert sorted(set(listed) - there) == [], "these are listed and not there"
    assert len(listed) == len(set(listed))


# What the sign-in library would offer by itself, and what nobody designed here.
UNOFFERED = [
    "/accounts/",
    "/accounts/email/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/MQ:1abc:def/",
    "/accounts/password/change/",
    "/accounts/password/set/",
    "/accounts/reauthenticate/",
    "/accounts/login/code/",
    "/accounts/login/code/confirm/",
    "/accounts/social/login/cancelled/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/webauthn/",
    "/accounts/sessions/",
    "/admin/r/1/1/",
    "/admin/password_change/done/",
    "/admin/autocomplete/",
    "/admin/account/emailaddress/",
    "/admin/mfa/authenticator/",
    "/admin/auth/group/",
    "/admin/not-there",
]


@pytest.mark.parametrize("address", UNOFFERED)
def test_what_is_not_offered_is_not_there(address: str, cast: Cast) -> None:
    root = User.objects.create_superuser("root@example.org", PASSWORD)
    for visitor in (Client(), signed_in(cast.alice), signed_in(root)):
        for method in ("get", "post"):
            assert getattr(visitor, method)(address).status_code == 404


def test_every_name_is_one_view() -> None:
    views: dict[str, Any] = {}
    for name, pattern in addresses(get_resolver().url_patterns):
        if name == UNNAMED:
            continue
        assert views.setdefault(name, pattern.callback) is pattern.callback, name


# Who may use them


def cases(
    kind: type[Page], *, writing: bool = False, thing: bool | None = None, listed: bool = True
) -> Any:
    """Parametrise a test over the routes of a kind and their methods."""
    found = [
        (route, method)
        for route in ROUTES
        for method in METHODS
        if type(route) is kind
        and (method in route.methods.split()) == listed
        and not (writing and (method == "GET" or method in route.viewer.split()))
        and thing in (None, bool(route.thing))
    ]
    ids = [f"{route.name}-{method}" for route, method in found]
    return pytest.mark.parametrize(("route", "method"), found, ids=ids)


def ask(client: Client, route: Page, method: str, cast: Cast, query: str = "") -> HttpResponse:
    address = reverse(route.name, args=THINGS[route.thing](cast)) + query
    answer: HttpResponse = getattr(client, method.lower())(address)
    return answer


@cases(Page)
def test_a_page_sends_who_is_signed_out_to_sign_in(route: Page, method: str, cast: Cast) -> None:
    answer = ask(Client(), route, method, cast)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/")


@cases(Page, thing=True)
def test_a_page_is_not_there_for_a_stranger(route: Page, method: str, cast: Cast) -> None:
    assert ask(signed_in(cast.charlie), route, method, cast).status_code == 404


@cases(Page, writing=True)
def test_a_page_that_writes_refuses_a_viewer(route: Page, method: str, cast: Cast) -> None:
    assert ask(signed_in(cast.vera), route, method, cast).status_code == 403


@cases(Page, listed=False)
def test_a_page_answers_no_other_method(route: Page, method: str, cast: Cast) -> None:
    assert ask(signed_in(cast.alice), route, method, cast).status_code == 405


@cases(Api)
def test_the_api_needs_a_token(route: Api, method: str, cast: Cast) -> None:
    answer = ask(api_client(None), route, method, cast)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"


@cases(Api)
def test_the_api_takes_no_session(route: Api, method: str, cast: Cast) -> None:
    assert ask(signed_in(cast.alice), route, method, cast).status_code == 401


@cases(Api, thing=True)
def test_a_thing_of_the_api_is_not_there_for_a_stranger(
    route: Api, method: str, cast: Cast
) -> None:
    assert ask(api_client(cast.charlie), route, method, cast).status_code == 404


@cases(Api, thing=False)
def test_a_workspace_of_the_api_is_not_there_for_a_stranger(
    route: Api, method: str, cast: Cast
) -> None:
    if route.scoped:
        query = f"?workspace={cast.workspace.pk}"
        assert ask(api_client(cast.charlie), route, method, cast, query).status_code == 404


@cases(Api, writing=True)
def test_the_api_refuses_to_write_for_a_viewer(route: Api, method: str, cast: Cast) -> None:
    assert ask(api_client(cast.vera), route, method, cast).status_code == 403


@cases(Api, writing=True)
def test_the_api_refuses_to_write_with_a_key_that_reads(
    route: Api, method: str, cast: Cast
) -> None:
    key = make_key(cast.alice, name="reads", scope=Scope.READ)
    assert ask(api_client(key), route, method, cast).status_code == 403


@cases(Api, listed=False)
def test_the_api_answers_no_other_method(route: Api, method: str, cast: Cast) -> None:
    assert ask(api_client(cast.alice), route, method, cast).status_code == 405


@pytest.mark.parametrize("route", OPERATORS, ids=lambda route: route.name)
def test_only_operators_find_their_pages(route: Operator, cast: Cast, alice_client: Client) -> None:
    address = reverse(route.name, args=[uuid.uuid4()] if route.thing else [])
    for method in route.methods.split():
        assert alice_client.generic(method, address).status_code == 404
        assert Client().generic(method, address).status_code == 302
    others = set(METHODS) - {*route.methods.split(), "HEAD"}
    cast.alice.is_staff = True
    cast.alice.save()
    assert {alice_client.generic(method, address).status_code for method in others} == {405}


def _address(route: Own) -> str:
    return reverse(route.name, args=[route.thing] if route.thing else [])


@pytest.mark.parametrize("route", OWN, ids=lambda route: route.name)
def test_a_page_about_oneself_is_for_who_is_signed_in(route: Own, charlie_client: Client) -> None:
    for method in METHODS:
        answer = charlie_client.generic(method, _address(route))
        if method not in route.methods.split():
            assert answer.status_code == 405
            continue
        assert answer.status_code in (200, 302, 404, 422)
        assert Client().generic(method, _address(route))["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("route", OWN, ids=lambda route: route.name)
def test_a_page_about_oneself_needs_no_workspace(route: Own, cast: Cast) -> None:
    cast.charlie.memberships.all().delete()
    for method in route.methods.split():
        answer = signed_in(cast.charlie).generic(method, _address(route))
        assert answer.status_code in (200, 302, 404, 422)


@pytest.mark.parametrize("route", ADMIN, ids=lambda route: route.name)
def test_the_admin_is_for_operators(route: Admin, cast: Cast, alice_client: Client) -> None:
    address = reverse(route.name, args=route.args)
    for method in ("get", "post"):
        answer = getattr(Client(), method)(address)
        assert answer["Location"].startswith(("/admin/", "/accounts/login/"))
        refused = getattr(alice_client, method)(address, follow=True)
        assert refused.status_code == 403


@cases(Page)
def test_a_page_waits_for_a_second_factor_that_is_wanted(
    route: Page, method: str, cast: Cast
) -> None:
    client = _wanting(cast)
    answer = ask(client, route, method, cast)
    led = answer.status_code == 302 and answer["Location"].startswith(
        "/settings/account/second-factor/new?next=/"
    )
    assert led == route.factor


@cases(Api)
def test_the_api_waits_for_a_second_factor_that_is_wanted(
    route: Api, method: str, cast: Cast
) -> None:
    _wanting(cast)
    if route.scoped:
        query = "" if route.thing else f"?workspace={cast.workspace.pk}"
        answer = ask(api_client(cast.alice), route, method, cast, query)
        assert (answer.status_code, "second factor" in str(answer.data)) == (403, True)  # type: ignore[attr-defined]


def _wanting(cast: Cast) -> Client:
    Workspace.objects.filter(pk=cast.workspace.pk).update(second_factor_required=True)
    return signed_in(cast.alice)
