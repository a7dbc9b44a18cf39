"""Change one's address: by password, and by a link that goes to the new one."""

import re
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import account
from accounts.models import EmailChange, User
from accounts.queries import get_email_change
from tests.factories import PASSWORD, Cast, make_user, signed_in

PAGE = "/settings/account/email"
NEW = "alice@new.example.org"


def ask(client: Client, email: str = NEW, password: str = PASSWORD) -> str:
    answer = client.post(PAGE, {"email": email, "current": password}, follow=True)
    return str(answer.content.decode())


def link_in(mail: EmailMessage) -> str:
    found = re.search(
        r"^http://testserver(/settings/account/email/confirm/\S+)$", str(mail.body), re.M
    )
    assert found is not None, mail.body
    return found[1]


def test_it_works(alice_client: Client, cast: Cast, mailoutbox: list[EmailMessage]) -> None:
    page = ask(alice_client, "Alice@New.example.org")
    assert "we sent a link there" in page
    assert "alice@new.example.org is not confirmed yet" in page
    assert [mail.to for mail in mailoutbox] == [[NEW], ["alice@example.org"]]
    assert "asked to change the email address" in str(mailoutbox[1].body)
    assert "/confirm/" not in str(mailoutbox[1].body)
    link = link_in(mailoutbox[0])
    assert "From now on, you sign in with" in alice_client.get(link).content.decode()
    cast.alice.refresh_from_db()
    assert cast.alice.email == "alice@example.org"  # looking at the link changes nothing
    assert alice_client.post(link)["Location"] == "/settings/account"
    cast.alice.refresh_from_db()
    assert cast.alice.email == NEW
    assert mailoutbox[2].to == ["alice@example.org"]
    assert f"to {NEW}" in str(mailoutbox[2].body)
    assert alice_client.get("/settings/account").status_code == 200  # still signed in
    fresh = Client()
    fresh.post("/accounts/login/", {"login": NEW, "password": PASSWORD})
    assert "_auth_user_id" in fresh.session


def test_the_link_works_once(
    alice_client: Client, cast: Cast, mailoutbox: list[EmailMessage]
) -> None:
    ask(alice_client)
    link = link_in(mailoutbox[0])
    alice_client.post(link)
    ask(alice_client, "alice@example.org")
    alice_client.post(link_in(mailoutbox[3]))
    assert alice_client.post(link).status_code == 422
    cast.alice.refresh_from_db()
    assert cast.alice.email == "alice@example.org"


def test_only_the_newest_link_works(
    alice_client: Client, cast: Cast, mailoutbox: list[EmailMessage]
) -> None:
    ask(alice_client)
    ask(alice_client, "other@new.example.org")
    assert alice_client.post(link_in(mailoutbox[0])).status_code == 422
    assert alice_client.post(link_in(mailoutbox[2])).status_code == 302


def test_the_link_works_for_a_day(
    alice_client: Client, cast: Cast, mailoutbox: list[EmailMessage]
) -> None:
    ask(alice_client)
    EmailChange.objects.update(created=timezone.now() - timedelta(days=1, minutes=1))
    answer = alice_client.post(link_in(mailoutbox[0]))
    assert answer.status_code == 422
    assert "confirmation link is not valid" in answer.content.decode()
    assert "is not confirmed yet" not in alice_client.get(PAGE).content.decode()


def test_it_can_be_taken_back(
    alice_client: Client, cast: Cast, mailoutbox: list[EmailMessage]
) -> None:
    ask(alice_client)
    alice_client.post(f"{PAGE}/cancel")
    assert alice_client.post(link_in(mailoutbox[0])).status_code == 422


def test_a_new_password_takes_it_back(
    alice_client: Client, cast: Cast, mailoutbox: list[EmailMessage]
) -> None:
    ask(alice_client)
    account.set_password(password="staple battery horse", actor=cast.alice)
    assert signed_in(cast.alice).post(link_in(mailoutbox[0])).status_code == 422


def test_the_link_leads_to_the_public_address(
    alice_client: Client, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    settings.LIKEWISE_URL = "http://alike.example.org"
    ask(alice_client)
    assert "http://alike.example.org/settings/account/email/confirm/" in str(mailoutbox[0].body)


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("alice@example.org", "already your email address"),
        ("ALICE@example.org", "already your email address"),
        ("nowhere", "valid email address"),
        ("", "required"),
    ],
)
def test_it_refuses(
    alice_client: Client, mailoutbox: list[EmailMessage], email: str, sentence: str
) -> None:
    answer = alice_client.post(PAGE, {"email": email, "current": PASSWORD})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert mailoutbox == []


# Attacks


@pytest.mark.parametrize("password", ["", "wrong"])
def test_an_open_screen_is_not_enough(
    alice_client: Client, cast: Cast, mailoutbox: list[EmailMessage], password: str
) -> None:
    answer = alice_client.post(PAGE, {"email": NEW, "current": password})
    assert answer.status_code == 422
    assert mailoutbox == []
    assert not EmailChange.objects.exists()


def test_guessing_the_password_is_slowed_down(alice_client: Client) -> None:
    for _ in range(5):
        alice_client.post(PAGE, {"email": NEW, "current": "wrong"})
    answer = alice_client.post(PAGE, {"email": NEW, "current": PASSWORD})
    assert "Too many failed" in answer.content.decode()


def test_nothing_happens_before_the_link_is_opened(
    alice_client: Client, client: Client, cast: Cast, mailoutbox: list[EmailMessage]
) -> None:
    ask(alice_client)
    mailoutbox.clear()
    client.post("/accounts/password/reset/", {"email": NEW})
    assert "/password/reset/key/" not in str(mailoutbox[0].body)


@pytest.mark.parametrize("taken", ["charlie@example.org", "CHARLIE@example.org"])
def test_an_address_that_is_taken_looks_like_one_that_is_free(
    alice_client: Client, cast: Cast, mailoutbox: list[EmailMessage], taken: str
) -> None:
    free = ask(alice_client, "bharlie@example.org")
    other = ask(alice_client, taken)
    assert _without_noise(other.replace("charlie", "bharlie")) == _without_noise(free)
    assert [mail.to[0] for mail in mailoutbox] == [
        "bharlie@example.org",
        "alice@example.org",
        "charlie@example.org",
        "alice@example.org",
    ]
    assert "/confirm/" not in str(mailoutbox[2].body)
    assert User.objects.filter(email="charlie@example.org").get() == cast.charlie


def _without_noise(page: str) -> str:
    return re.sub(r'(value|X-CSRFToken)"?[=:] ?"[^"]{64}"', "", page)


def test_letters_to_strangers_are_few(alice_client: Client, mailoutbox: list[EmailMessage]) -> None:
    for number in range(5):
        ask(alice_client, f"stranger-{number}@example.org")
    page = alice_client.post(PAGE, {"email": NEW, "current": PASSWORD})
    assert "Try again in an hour" in page.content.decode()
    assert len(mailoutbox) == 10


def test_somebody_else_cannot_open_the_link(
    alice_client: Client, charlie_client: Client, cast: Cast, mailoutbox: list[EmailMessage]
) -> None:
    ask(alice_client, "victim@example.org")
    link = link_in(mailoutbox[0])
    assert charlie_client.post(link).status_code == 422
    assert Client().post(link)["Location"].startswith("/accounts/login/")
    assert not User.objects.filter(email="victim@example.org").exists()


def test_who_is_first_has_it(
    alice_client: Client, cast: Cast, mailoutbox: list[EmailMessage]
) -> None:
    ask(alice_client)
    make_user("dana")
    User.objects.filter(email="dana@example.org").update(email=NEW)
    answer = alice_client.post(link_in(mailoutbox[0]))
    assert answer.status_code == 422
    assert "Another account uses" in answer.content.decode()
    cast.alice.refresh_from_db()
    assert cast.alice.email == "alice@example.org"


def test_two_at_the_same_moment(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was seen before, the table itself has the last word, and nobody gets a 500."""
    secret = account.ask_for_email(email=NEW, actor=cast.alice)

    def meanwhile(user: User, given: str) -> EmailChange:
        User.objects.filter(pk=cast.charlie.pk).update(email=NEW)
        return get_email_change(user, given)

    monkeypatch.setattr(account, "get_email_change", meanwhile)
    client = signed_in(cast.alice)
    assert client.post(f"{PAGE}/confirm/{secret}").status_code == 422
    with pytest.raises(IntegrityError):
        User.objects.filter(pk=cast.alice.pk).update(email=NEW.upper())


@pytest.mark.parametrize("page", [PAGE, f"{PAGE}/cancel", f"{PAGE}/confirm/x"])
def test_a_form_from_elsewhere_is_refused(cast: Cast, page: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.alice)
    assert strict.post(page, {"email": NEW, "current": PASSWORD}).status_code == 403


def test_a_mail_server_that_fails_breaks_nothing(alice_client: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 1
    assert "is not confirmed yet" in ask(alice_client)
