"""Sign in and out; nobody signs up."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import PASSWORD, Cast
from tests.routes import SIGN_IN, Open

LOGIN = "/accounts/login/"


def typed(login: str = "alice@example.org", password: str = PASSWORD) -> dict[str, str]:
    return {"login": login, "password": password}


@pytest.mark.parametrize("login", ["alice@example.org", "ALICE@Example.org"])
def test_it_works(client: Client, cast: Cast, login: str) -> None:
    assert client.get(LOGIN).status_code == 200
    answer = client.post(LOGIN, typed(login))
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert get_user(client) == cast.alice


def test_one_comes_back_to_where_one_wanted_to_go(client: Client, cast: Cast) -> None:
    answer = client.get("/settings/tokens")
    assert answer["Location"] == f"{LOGIN}?next=/settings/tokens"
    answer = client.post(answer["Location"], typed())
    assert answer["Location"] == "/settings/tokens"


def test_one_is_not_sent_to_another_site(client: Client, cast: Cast) -> None:
    answer = client.post(f"{LOGIN}?next=https://evil.example/", typed())
    assert answer["Location"] == "/"


@pytest.mark.parametrize(
    ("login", "password"), [("alice@example.org", "wrong"), ("nobody@example.org", PASSWORD)]
)
def test_a_wrong_password_and_a_wrong_address_look_alike(
    client: Client, cast: Cast, login: str, password: str
) -> None:
    answer = client.post(LOGIN, typed(login, password))
    assert not get_user(client).is_authenticated
    assert answer.context["form"].non_field_errors() == [
        "The email address and/or password you specified are not correct."
    ]


def test_a_switched_off_account_stays_out(client: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    client.post(LOGIN, typed())
    assert not get_user(client).is_authenticated


def test_switching_an_account_off_ends_its_sessions(alice_client: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    assert alice_client.get("/settings/tokens")["Location"].startswith(LOGIN)


def test_guessing_is_slowed_down(client: Client, cast: Cast) -> None:
    for _ in range(5):
        client.post(LOGIN, typed(password="wrong"))
    answer = client.post(LOGIN, typed())
    assert not get_user(client).is_authenticated
    assert "Too many failed" in str(answer.context["form"].errors)


def test_the_session_lasts(client: Client, cast: Cast) -> None:
    client.post(LOGIN, typed() | {"remember": "on"})
    assert client.session.get_expiry_age() >= timedelta(days=7).total_seconds()


def test_sign_out(alice_client: Client) -> None:
    assert alice_client.get("/accounts/logout/").status_code == 200
    assert get_user(alice_client).is_authenticated
    assert alice_client.post("/accounts/logout/").status_code == 302
    assert not get_user(alice_client).is_authenticated


def test_nobody_signs_up(client: Client, cast: Cast) -> None:
    before = User.objects.count()
    typed = {"email": "dana@example.org", "password1": PASSWORD}
    answer = client.get("/accounts/signup/")
    assert "account/signup_closed.html" in [template.name for template in answer.templates]
    assert client.post("/accounts/signup/", typed).status_code == 405
    assert User.objects.count() == before


@pytest.mark.parametrize("route", SIGN_IN, ids=lambda route: route.name)
def test_no_page_of_the_sign_in_breaks(client: Client, alice_client: Client, route: Open) -> None:
    args = ["1", "spent"] if route.name == "account_reset_password_from_key" else []
    for visitor in (client, alice_client):
        assert visitor.get(reverse(route.name, args=args)).status_code in (200, 302)


# Attacks


def test_a_port_in_the_host_gives_no_tries_of_its_own(client: Client, cast: Cast) -> None:
    for port in range(1, 6):
        client.post(LOGIN, typed(password="wrong"), headers={"Host": f"testserver:{port}"})
    answer = client.post(LOGIN, typed(), headers={"Host": "testserver:6"})
    assert not get_user(client).is_authenticated
    assert "Too many failed" in str(answer.context["form"].errors)


def test_an_account_is_guarded_against_many_places(cast: Cast) -> None:
    for place in range(1, 6):
        Client(REMOTE_ADDR=f"10.0.0.{place}").post(LOGIN, typed(password="wrong"))
    other = Client(REMOTE_ADDR="10.0.0.9")
    other.post(LOGIN, typed())
    assert not get_user(other).is_authenticated


def test_a_place_is_slowed_down_over_many_accounts(client: Client, cast: Cast) -> None:
    for number in range(10):
        client.post(LOGIN, typed(login=f"nobody-{number}@example.org"))
    client.post(LOGIN, typed())
    assert not get_user(client).is_authenticated


def test_another_spelling_gives_no_tries_of_its_own(client: Client, cast: Cast) -> None:
    """PostgreSQL takes `ı` for another case of `i`, and the form lets it through."""
    client.post(LOGIN, typed(login="alıce@example.org"))
    assert not get_user(client).is_authenticated


def test_the_session_is_a_new_one_after_signing_in(client: Client, cast: Cast) -> None:
    client.get("/accounts/login/?next=/")
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    client.cookies["sessionid"] = session.session_key or ""
    before = client.cookies["sessionid"].value
    client.post(LOGIN, typed())
    assert get_user(client).is_authenticated
    assert client.cookies["sessionid"].value != before
    assert not Session.objects.filter(pk=before).exists()


def test_an_address_that_the_library_once_kept_opens_nothing(
    client: Client, cast: Cast, mailoutbox: list[EmailMessage]
) -> None:
    EmailAddress.objects.create(user=cast.alice, email="mallory@example.org", verified=True)
    client.post(LOGIN, typed(login="mallory@example.org"))
    assert not get_user(client).is_authenticated
    client.post("/accounts/password/reset/", {"email": "mallory@example.org"})
    assert "/password/reset/key/" not in str(mailoutbox[0].body)


def test_a_form_from_elsewhere_is_refused(cast: Cast) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(LOGIN, typed()).status_code == 403
