"""Reset a forgotten password by mail."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as program
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from accounts.account import ask_for_email
from accounts.mail import NO_MAIL, TERMINAL
from accounts.mail_backends import TerminalMail
from accounts.models import EmailChange
from accounts.queries import find_token
from tests.factories import PASSWORD, Cast, make_key

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


def test_it_ends_sessions_and_tells_of_it(
    client: Client, cast: Cast, alice_client: Client, mailoutbox: list[EmailMessage]
) -> None:
    ask_for_email(email="mallory@example.org", actor=cast.alice)
    key = make_key(cast.alice)
    client.post(PAGE, {"email": "alice@example.org"})
    answer = client.post(open_link(client, link_in(mailoutbox[0])), NEW, follow=True)
    assert "API tokens still work" in answer.content.decode()
    assert not get_user(alice_client).is_authenticated
    assert not Session.objects.filter(pk=alice_client.cookies["sessionid"].value).exists()
    assert not EmailChange.objects.exists()
    assert find_token(key) is not None
    assert mailoutbox[1].to == ["alice@example.org"]
    assert "A new password was set" in str(mailoutbox[1].body)


@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org"])
def test_letters_to_one_address_are_few(
    cast: Cast, mailoutbox: list[EmailMessage], email: str
) -> None:
    for place in range(5):
        Client(REMOTE_ADDR=f"10.0.0.{place}").post(PAGE, {"email": email})
    answer = Client(REMOTE_ADDR="10.0.0.9").post(PAGE, {"email": email.upper()})
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()
    assert len(mailoutbox) == 5


def test_letters_from_one_place_are_few(cast: Cast, mailoutbox: list[EmailMessage]) -> None:
    answers = [
        Client().post(PAGE, {"email": f"nobody-{number}@example.org"}) for number in range(21)
    ]
    assert [answer.status_code for answer in answers] == [302] * 20 + [429]
    assert len(mailoutbox) == 20


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", "accounts.mail_backends.NoMail None None"),
        ("console", "accounts.mail_backends.TerminalMail None None"),
        ("consolemail://", "accounts.mail_backends.TerminalMail None None"),
        (
            "smtp+tls://me:secret@mail.example.org:587",
            "django.core.mail.backends.smtp.EmailBackend mail.example.org 587",
        ),
    ],
)
def test_the_mail_server_comes_from_the_environment(
    address: str, expected: str, tmp_path: Path
) -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "from dashboard import settings as s;"
            "print(s.EMAIL_BACKEND, *(getattr(s, f'EMAIL_{n}', None) for n in ('HOST', 'PORT')))",
        ],
        cwd=program.BASE_DIR,
        env=os.environ | {"LIKEWISE_EMAIL_URL": address, "LIKEWISE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"{expected}\n"


# Without a mail server


@pytest.fixture
def no_mail(settings: Settings) -> None:
    settings.EMAIL_BACKEND = NO_MAIL


def test_without_a_mail_server_the_page_says_whom_to_ask(client: Client, no_mail: None) -> None:
    text = client.get(PAGE).content.decode()
    assert "Ask your administrator" in text
    assert "user reset-link" in text
    assert 'name="email"' not in text


def test_nor_does_it_promise_a_letter(client: Client, cast: Cast, no_mail: None) -> None:
    for email in ("alice@example.org", "nobody@example.org"):
        text = client.post(PAGE, {"email": email}, follow=True).content.decode()
        assert "No link was sent" in text
        assert "on its way" not in text


# On a terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_developer_sees_letters_on_the_terminal(client: Client, cast: Cast) -> None:
    terminal = Terminal()
    TerminalMail(stream=terminal).send_messages([EmailMessage("Hello", "/invitations/SECRET")])
    assert "/invitations/SECRET" in terminal.getvalue()


def test_a_log_gets_none(
    client: Client,
    cast: Cast,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.EMAIL_BACKEND = TERMINAL
    assert "Ask your administrator" in client.get(PAGE).content.decode()
    client.post(PAGE, {"email": "alice@example.org"})
    assert "event=mail-not-shown letters=1" in caplog.text
    assert "password/reset/key" not in caplog.text + "".join(capsys.readouterr())
