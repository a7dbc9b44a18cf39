"""Reset a forgotten password by mail."""

import re

import environ
import pytest
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from tests.factories import PASSWORD, Cast

PAGE = "/accounts/password/reset/"
NEW = {"password1": "staple battery horse", "password2": "staple battery horse"}


def link_in(mail: EmailMessage) -> str:
    """Return the link's path, having seen that it leads to the public address."""
    found = re.search(r"^http://testserver(/\S+)$", str(mail.body), re.MULTILINE)
    assert found is not None, mail.body
    return found[1]


def open_link(client: Client, link: str) -> str:
    """Open the link as a browser does and return the address of the form."""
    return client.get(link, follow=True).request["PATH_INFO"]


def test_it_works(client: Client, cast: Cast, mailoutbox: list[EmailMessage]) -> None:
    answer = client.post(PAGE, {"email": "Alice@example.org"})
    assert answer.status_code == 302
    assert mailoutbox[0].to == ["alice@example.org"]
    form = open_link(client, link_in(mailoutbox[0]))
    assert client.post(form, NEW).status_code == 302
    cast.alice.refresh_from_db()
    assert cast.alice.check_password(NEW["password1"])


def test_the_link_leads_to_the_public_address(
    client: Client, cast: Cast, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    settings.LIKEWISE_URL = "https://alike.example.org"
    client.post(PAGE, {"email": "alice@example.org"}, secure=True)
    assert "https://alike.example.org/accounts/password/reset/key/" in str(mailoutbox[0].body)


def test_the_link_works_once(client: Client, cast: Cast, mailoutbox: list[EmailMessage]) -> None:
    client.post(PAGE, {"email": "alice@example.org"})
    link = link_in(mailoutbox[0])
    client.post(open_link(client, link), NEW)
    assert client.get(link, follow=True).context["token_fail"]


def test_a_made_up_link_is_refused(client: Client, cast: Cast) -> None:
    answer = client.get("/accounts/password/reset/key/1-set-password/")
    assert answer.context["token_fail"]


def test_a_weak_password_is_refused(
    client: Client, cast: Cast, mailoutbox: list[EmailMessage]
) -> None:
    client.post(PAGE, {"email": "alice@example.org"})
    form = open_link(client, link_in(mailoutbox[0]))
    assert client.post(form, {"password1": "password", "password2": "password"}).status_code == 200
    cast.alice.refresh_from_db()
    assert cast.alice.check_password(PASSWORD)


def test_the_page_does_not_tell_who_has_an_account(
    client: Client, cast: Cast, mailoutbox: list[EmailMessage]
) -> None:
    known = client.post(PAGE, {"email": "alice@example.org"})
    unknown = client.post(PAGE, {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert "/password/reset/key/" not in str(mailoutbox[1].body)


def test_the_mail_server_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIKEWISE_EMAIL_URL", "smtp+tls://me:secret@mail.example.org:587")
    config = environ.FileAwareEnv().email_url("LIKEWISE_EMAIL_URL", default="consolemail://")
    assert config["EMAIL_HOST"] == "mail.example.org"
    assert config["EMAIL_PORT"] == 587
    assert config["EMAIL_USE_TLS"] is True
    monkeypatch.delenv("LIKEWISE_EMAIL_URL")
    config = environ.FileAwareEnv().email_url("LIKEWISE_EMAIL_URL", default="consolemail://")
    assert config["EMAIL_BACKEND"].endswith("console.EmailBackend")
