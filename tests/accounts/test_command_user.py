"""`manage.py user`: accounts from the command line."""

import base64
import io
import re

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Membership, Role, User, Workspace
from accounts.second_factors import turn_on
from dashboard.models import DEFAULT_LABEL, Label
from tests.accounts.totp import code_of
from tests.factories import PASSWORD, Cast

SECRET = base64.b32encode(b"twenty bytes of it !").decode()

pytestmark = pytest.mark.django_db


def run(*words: str, verb: str = "create") -> str:
    output = io.StringIO()
    call_command("user", verb, *words, stdout=output)
    return output.getvalue()


def test_it_works() -> None:
    output = run("--email", "Dana@example.org", "--password", PASSWORD)
    assert output == "dana@example.org can now sign in.\n"
    user = User.objects.get()
    assert user.check_password(PASSWORD)
    owned = Membership.objects.get(user=user)
    assert (owned.role, owned.workspace.name) == (Role.OWNER, "dana’s workspace")
    assert Label.objects.get(workspace=owned.workspace).name == DEFAULT_LABEL


def test_with_a_name() -> None:
    run("--email", "dana@example.org", "--password", PASSWORD, "--name", "Dana Scully")
    assert str(User.objects.get()) == "Dana Scully"
    assert Workspace.objects.get().name == "Dana Scully’s workspace"


@pytest.mark.parametrize(
    ("email", "password", "name", "sentence"),
    [
        ("nobody", PASSWORD, "", "valid email address"),
        ("dana@example.org", "password", "", "too common"),
        ("dana@example.org", "short", "", "too short"),
        ("dana@example.org", "dana@example.org", "", "too similar"),
        ("dana@example.org", PASSWORD, "x" * 151, "at most 150 characters"),
    ],
)
def test_it_refuses(email: str, password: str, name: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("--email", email, "--password", password, "--name", name)
    assert not User.objects.exists()
    assert not Workspace.objects.exists()


def test_not_twice(cast: Cast) -> None:
    before = Workspace.objects.count()
    with pytest.raises(CommandError, match="already exists"):
        run("--email", "ALICE@example.org", "--password", PASSWORD)
    assert Workspace.objects.count() == before


# A link that sets a new password


def test_a_reset_link_works_once(client: Client, cast: Cast) -> None:
    link = run("--email", "Alice@example.org", verb="reset-link")
    assert re.fullmatch(r"http://testserver/accounts/password/reset/key/\S+/\n", link)
    path = link.strip().removeprefix("http://testserver")
    form = client.get(path, follow=True).request["PATH_INFO"]
    typed = {"password1": "staple battery horse", "password2": "staple battery horse"}
    assert client.post(form, typed).status_code == 302
    cast.alice.refresh_from_db()
    assert cast.alice.check_password("staple battery horse")
    assert Client().get(path, follow=True).context["token_fail"]


def test_a_reset_link_for_nobody(cast: Cast) -> None:
    with pytest.raises(CommandError, match="There is no account with the email address"):
        run("--email", "nobody@example.org", verb="reset-link")


def test_a_reset_link_for_an_account_that_is_switched_off(cast: Cast) -> None:
    User.objects.filter(pk=cast.bob.pk).update(is_active=False)
    with pytest.raises(CommandError, match="is deactivated"):
        run("--email", "bob@example.org", verb="reset-link")


# Whose phone is gone


def reset(email: str) -> str:
    return run("--email", email, verb="reset-second-factor")


def test_reset(cast: Cast, client: Client, mailoutbox: list[EmailMessage]) -> None:
    turn_on(secret=SECRET, code=code_of(SECRET), actor=cast.alice)
    assert "with the password alone" in reset("ALICE@example.org")
    assert not Authenticator.objects.exists()
    assert (mailoutbox[0].to, mailoutbox[0].subject) == (
        ["alice@example.org"],
        "Your second factor was reset",
    )
    client.post("/accounts/login/", {"login": "alice@example.org", "password": PASSWORD})
    assert get_user(client) == cast.alice


@pytest.mark.parametrize(
    ("email", "sentence"),
    [("nobody@example.org", "no account"), ("bob@example.org", "has no second factor")],
)
def test_reset_refuses(cast: Cast, email: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        reset(email)
