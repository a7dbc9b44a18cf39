"""Open an invitation's link, and accept: with an account, or with a new one."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.test import Client
from django.utils import timezone

from accounts.errors import AlreadyAMember, InvitationUsed
from accounts.models import Change, Invitation, Membership, Role, User
from accounts.queries import get_invitation_by_secret
from accounts.team import accept_invitation, invite_member, join, withdraw_invitation
from tests.factories import PASSWORD, Cast, make_user, signed_in

ANSWER = "/invitations/"
TYPED = {"name": "Ivy", "password": PASSWORD}


@pytest.fixture
def secret(cast: Cast) -> str:
    _, made = invite_member(
        workspace=cast.workspace, email="ivy@example.org", role=Role.EDITOR, actor=cast.ann
    )
    return made


@pytest.fixture
def invitation(secret: str) -> Invitation:
    return Invitation.objects.get()


@pytest.fixture
def ivy(cast: Cast) -> User:
    return make_user("ivy")


@pytest.fixture
def ivy_client(ivy: User) -> Client:
    return signed_in(ivy)


def opened(client: Client, secret: str) -> Any:
    return client.get(f"/invitations/{secret}", follow=True)


# With an account


def test_it_works_with_an_account(ivy_client: Client, ivy: User, cast: Cast, secret: str) -> None:
    answer = opened(ivy_client, secret)
    assert answer.redirect_chain == [(ANSWER, 302)]
    assert "Accept as ivy@example.org" in answer.content.decode()
    answer = ivy_client.post(ANSWER)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    made = Membership.objects.get(user=ivy, workspace=cast.workspace)
    assert made.role == Role.EDITOR
    assert ivy_client.get("/").wsgi_request.workspace == cast.workspace  # type: ignore[attr-defined]


def test_it_leaves_an_activity_row(ivy_client: Client, ivy: User, cast: Cast, secret: str) -> None:
    opened(ivy_client, secret)
    before = Change.objects.count()
    ivy_client.post(ANSWER)
    row = Change.objects.latest("id")
    assert Change.objects.count() == before + 1
    assert (row.verb, row.noun, row.actor) == ("joined", "member", ivy)
    assert row.workspace == cast.workspace


def test_opening_it_accepts_nothing(ivy_client: Client, ivy: User, secret: str) -> None:
    opened(ivy_client, secret)
    assert not Membership.objects.filter(user=ivy).exists()
    get_invitation_by_secret(secret)


def test_a_member_has_nothing_to_accept(bob_client: Client, cast: Cast, secret: str) -> None:
    assert (
        "You are already a member of this workspace" in opened(bob_client, secret).content.decode()
    )
    assert bob_client.post(ANSWER)["Location"] == "/"
    assert Membership.objects.get(user=cast.bob).role == Role.EDITOR
    get_invitation_by_secret(secret)


# With a new account


def test_it_works_with_a_new_account(client: Client, cast: Cast, secret: str) -> None:
    answer = opened(client, secret)
    assert "Create account and join" in answer.content.decode()
    answer = client.post(ANSWER, TYPED)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    user = User.objects.get(email="ivy@example.org")
    assert get_user(client) == user
    assert (user.name, user.check_password(PASSWORD)) == ("Ivy", True)
    assert Membership.objects.get(user=user).workspace == cast.workspace


def test_the_address_is_fixed(client: Client, cast: Cast, secret: str) -> None:
    opened(client, secret)
    client.post(ANSWER, TYPED | {"email": "mallory@example.org"})
    assert not User.objects.filter(email="mallory@example.org").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "x" * 151),
        ("password", ""),
        ("password", "password"),
        ("password", "12345678901"),
        ("password", "ivy@example.org"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    client: Client, cast: Cast, secret: str, field: str, value: str
) -> None:
    opened(client, secret)
    answer = client.post(ANSWER, TYPED | {field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not User.objects.filter(email="ivy@example.org").exists()
    assert PASSWORD not in answer.content.decode()


def test_who_has_an_account_signs_in_to_accept(client: Client, cast: Cast, secret: str) -> None:
    ivy = make_user("ivy")
    text = opened(client, secret).content.decode()
    assert f'href="/accounts/login/?next={ANSWER}"' in text
    assert "Create account" not in text
    client.post(ANSWER, TYPED)
    assert not Membership.objects.filter(user=ivy).exists()
    answer = client.post(
        "/accounts/login/", {"login": ivy.email, "password": PASSWORD, "next": ANSWER}
    )
    assert answer["Location"] == ANSWER
    client.post(ANSWER)
    assert Membership.objects.get(user=ivy).workspace == cast.workspace


def test_an_account_made_meanwhile_signs_in(
    client: Client, cast: Cast, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(client, secret)
    make_user("ivy")
    monkeypatch.setattr("accounts.invitation_views.has_account", lambda email: False)
    answer = client.post(ANSWER, TYPED)
    assert "Sign in to accept" in answer.content.decode()
    get_invitation_by_secret(secret)


# Once


def test_it_works_once(ivy_client: Client, cast: Cast, secret: str) -> None:
    opened(ivy_client, secret)
    ivy_client.post(ANSWER)
    dana = signed_in(make_user("dana"))
    answer = opened(dana, secret)
    assert answer.status_code == 410
    assert "This invitation was already used" in answer.content.decode()


def test_two_who_opened_a_link_for_anyone_cannot_both_accept(
    charlie_client: Client, client: Client, cast: Cast, invitation: Invitation, secret: str
) -> None:
    Invitation.objects.update(anyone=True)
    opened(charlie_client, secret)
    opened(client, secret)
    charlie_client.post(ANSWER)
    assert client.post(ANSWER, TYPED).status_code == 410
    assert not User.objects.filter(email="ivy@example.org").exists()


def test_the_service_does_it_once(cast: Cast, invitation: Invitation) -> None:
    invitation.anyone = True
    accept_invitation(invitation=invitation, actor=cast.charlie)
    with pytest.raises(InvitationUsed):
        accept_invitation(invitation=invitation, actor=make_user("dana"))
    with pytest.raises(InvitationUsed):
        join(invitation=invitation, name="Ivy", password=PASSWORD)
    assert not User.objects.filter(email="ivy@example.org").exists()


def test_a_member_does_not_use_it_up(cast: Cast, invitation: Invitation) -> None:
    with pytest.raises(AlreadyAMember):
        accept_invitation(invitation=invitation, actor=cast.bob)
    invitation.refresh_from_db()
    assert invitation.accepted is None


# What does not open


def test_withdrawn(client: Client, cast: Cast, secret: str, invitation: Invitation) -> None:
    opened(client, secret)
    withdraw_invitation(invitation=invitation, actor=cast.ann)
    answer = opened(client, secret)
    assert answer.status_code == 410
    assert "was withdrawn" in answer.content.decode()
    assert client.post(ANSWER, TYPED).status_code == 410
    assert not User.objects.filter(email="ivy@example.org").exists()


def test_expired(client: Client, secret: str, invitation: Invitation) -> None:
    opened(client, secret)
    Invitation.objects.update(expires=timezone.now() - timedelta(seconds=1))
    answer = opened(client, secret)
    assert answer.status_code == 410
    assert "has expired" in answer.content.decode()
    assert client.post(ANSWER, TYPED).status_code == 410


@pytest.mark.parametrize("path", ["nonsense", "%D0%BA%D0%BB", "a%00b", "a/b/c", "x" * 2000])
def test_unknown(client: Client, cast: Cast, path: str) -> None:
    answer = client.get(f"/invitations/{path}")
    assert answer.status_code == 404
    assert "This invitation link is not valid." in answer.content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_having_opened_a_link_there_is_none(
    client: Client, cast: Cast, secret: str, method: str
) -> None:
    assert getattr(client, method)(ANSWER, TYPED).status_code == 404


# It gives the secret away to nobody


def test_nothing_is_cached_and_no_referrer_sent(client: Client, secret: str) -> None:
    answer = client.get(f"/invitations/{secret}")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    page = client.get(ANSWER)
    assert "no-store" in page["Cache-Control"]
    assert secret not in page.content.decode()
    assert secret not in str(dict(client.session))
    wrong = client.get("/invitations/wrong")
    assert wrong["Referrer-Policy"] == "no-referrer"
    assert "no-store" in wrong["Cache-Control"]


@pytest.mark.parametrize("tail", ["", "/", "/and/more", "%20"])
def test_the_log_does_not_hold_it(
    client: Client, secret: str, caplog: pytest.LogCaptureFixture, tail: str
) -> None:
    caplog.set_level(logging.DEBUG)
    client.get(f"/invitations/{secret}{tail}")
    client.post(f"/invitations/{secret}{tail}")
    written = "\n".join(
        record.getMessage() for record in caplog.records if record.name != "django.db.backends"
    )
    assert "path=/invitations/" in written
    assert secret not in written


def test_a_slash_at_its_end_does_no_harm(client: Client, secret: str) -> None:
    assert client.get(f"/invitations/{secret}/")["Location"] == ANSWER
