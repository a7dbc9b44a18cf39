"""Sign in and out; nobody signs up."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import PASSWORD, Cast

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


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_signs_up(client: Client, cast: Cast, method: str) -> None:
    before = User.objects.count()
    typed = {"email": "dana@example.org", "password1": PASSWORD}
    answer = getattr(client, method)("/accounts/signup/", typed)
    assert answer.status_code == 200
    assert "account/signup_closed.html" in [template.name for template in answer.templates]
    assert User.objects.count() == before


SIGNED_IN_ONLY = ["account_email", "account_change_password", "account_set_password"]
OTHERS = [
    "account_inactive",
    "account_reauthenticate",
    "account_email_verification_sent",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_confirm_login_code",
]


@pytest.mark.parametrize("name", SIGNED_IN_ONLY + OTHERS)
def test_no_page_of_allauth_breaks(client: Client, alice_client: Client, name: str) -> None:
    for visitor in (client, alice_client):
        assert visitor.get(reverse(name)).status_code in (200, 302, 404)


@pytest.mark.parametrize("name", SIGNED_IN_ONLY)
def test_pages_about_the_account_need_one(client: Client, db: None, name: str) -> None:
    assert client.get(reverse(name))["Location"].startswith(LOGIN)


def test_change_of_the_password(alice_client: Client, cast: Cast) -> None:
    changed = {"oldpassword": PASSWORD, "password1": "staple horse", "password2": "staple horse"}
    answer = alice_client.post(reverse("account_change_password"), changed)
    assert answer.status_code == 302
    cast.alice.refresh_from_db()
    assert cast.alice.check_password("staple horse")
