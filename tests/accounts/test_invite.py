"""Invite someone, and take an invitation back."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import get_connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.errors import RoleNotGiven
from accounts.mail import NO_MAIL, TERMINAL
from accounts.models import Change, Invitation, Role
from accounts.queries import digest_of, open_invitations
from accounts.team import invite_member, withdraw_invitation
from tests.factories import Cast

PAGE = "/settings/invitations"
TYPED = {"email": "Ivy@Example.org", "role": "editor"}


def secret_of(link: str) -> str:
    return link.rsplit("/", 1)[1]


def test_it_works(ann_client: Client, cast: Cast) -> None:
    answer = ann_client.post(PAGE, TYPED)
    assert answer.status_code == 200
    link = answer.context["new_link"]
    assert link.startswith("http://testserver/invitations/")
    assert link in answer.content.decode()
    made = Invitation.objects.get()
    assert (made.workspace, made.email, made.role) == (cast.workspace, "ivy@example.org", "editor")
    assert made.invited_by == cast.ann
    assert abs(made.expires - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)


def test_the_link_is_shown_once_and_kept_nowhere(ann_client: Client) -> None:
    answer = ann_client.post(PAGE, TYPED)
    secret = secret_of(answer.context["new_link"])
    assert "no-store" in answer["Cache-Control"]
    assert secret not in ann_client.get("/settings/members").content.decode()
    assert secret not in str(dict(ann_client.session))
    stored = [str(value) for row in Invitation.objects.values() for value in row.values()]
    assert secret not in stored
    assert digest_of(secret) in stored
    assert secret not in str(list(Change.objects.values()))


def test_it_is_e_mailed(ann_client: Client) -> None:
    answer = ann_client.post(PAGE, TYPED)
    (letter,) = mail.outbox
    assert letter.to == ["ivy@example.org"]
    assert letter.subject == "Ann invited you to Alice’s shop"
    assert f"\n{answer.context['new_link']}\n" in letter.body
    assert "as editor" in letter.body
    assert "We emailed them this link" in answer.content.decode()


def test_a_line_break_in_a_name_breaks_no_letter(ann_client: Client, cast: Cast) -> None:
    cast.workspace.name = "Alice’s\r\nBcc: all@example.org"
    cast.workspace.save()
    ann_client.post(PAGE, TYPED)
    assert mail.outbox[0].subject == "Ann invited you to Alice’s Bcc: all@example.org"


@pytest.mark.parametrize("backend", [NO_MAIL, TERMINAL])
def test_without_a_mail_server_it_shows_the_link_and_writes_it_nowhere(
    ann_client: Client, settings: Settings, capsys: pytest.CaptureFixture[str], backend: str
) -> None:
    settings.EMAIL_BACKEND = backend
    answer = ann_client.post(PAGE, TYPED)
    text = answer.content.decode()
    assert "This server could not send an email" in text
    assert answer.context["new_link"] in text
    assert secret_of(answer.context["new_link"]) not in "".join(capsys.readouterr())


def test_a_mail_server_that_fails_keeps_nobody(
    ann_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*args: object, **options: object) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(type(get_connection()), "send_messages", failing)
    answer = ann_client.post(PAGE, TYPED)
    assert answer.status_code == 200
    assert "This server could not send an email" in answer.content.decode()
    assert open_invitations(Invitation.objects.get().workspace).exists()


def test_it_leaves_an_activity_row(ann_client: Client, cast: Cast) -> None:
    before = Change.objects.count()
    ann_client.post(PAGE, TYPED)
    row = Change.objects.latest("id")
    assert Change.objects.count() == before + 1
    assert (row.verb, row.noun, row.target_name) == ("invited", "invitation", "ivy@example.org")
    assert (row.actor, row.details) == (cast.ann, {"role": "editor"})


def test_a_newer_one_takes_the_place_of_the_older(ann_client: Client, cast: Cast) -> None:
    ann_client.post(PAGE, TYPED)
    ann_client.post(PAGE, TYPED | {"role": "viewer"})
    assert [row.role for row in open_invitations(cast.workspace)] == ["viewer"]
    assert Invitation.objects.filter(revoked__isnull=False).count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", ""),
        ("email", "nobody"),
        ("email", "x" * 250 + "@example.org"),
        ("email", "BOB@example.org"),
        ("role", ""),
        ("role", "owner"),
        ("role", "ghost"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    ann_client: Client, cast: Cast, field: str, value: str
) -> None:
    answer = ann_client.post(PAGE, TYPED | {field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Invitation.objects.exists()
    assert not mail.outbox


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_not_by_who_is_no_admin(request: pytest.FixtureRequest, cast: Cast, name: str) -> None:
    assert request.getfixturevalue(f"{name}_client").post(PAGE, TYPED).status_code == 403
    assert not Invitation.objects.exists()


def test_a_stranger_invites_to_his_own(charlie_client: Client, cast: Cast) -> None:
    charlie_client.post(PAGE, TYPED)
    assert Invitation.objects.get().workspace == cast.elsewhere


def test_the_service_gives_no_ownership(cast: Cast) -> None:
    with pytest.raises(RoleNotGiven):
        invite_member(
            workspace=cast.workspace, email="ivy@example.org", role=Role.OWNER, actor=cast.alice
        )


# Take it back


@pytest.fixture
def invitation(cast: Cast) -> Invitation:
    return invite_member(
        workspace=cast.workspace, email="ivy@example.org", role=Role.EDITOR, actor=cast.alice
    )[0]


def test_withdrawing_works(ann_client: Client, cast: Cast, invitation: Invitation) -> None:
    answer = ann_client.post(f"{PAGE}/{invitation.pk}/withdraw", follow=True)
    assert "The invitation for ivy@example.org was withdrawn." in answer.content.decode()
    assert not open_invitations(cast.workspace).exists()
    row = Change.objects.latest("id")
    assert (row.verb, row.noun, row.actor) == ("withdrew", "invitation", cast.ann)


def test_withdrawing_twice_finds_nothing(
    ann_client: Client, cast: Cast, invitation: Invitation
) -> None:
    ann_client.post(f"{PAGE}/{invitation.pk}/withdraw")
    before = Change.objects.count()
    assert ann_client.post(f"{PAGE}/{invitation.pk}/withdraw").status_code == 404
    withdraw_invitation(invitation=invitation, actor=cast.ann)
    assert Change.objects.count() == before


@pytest.mark.parametrize(("name", "status"), [("bob", 403), ("vera", 403), ("charlie", 404)])
def test_withdrawing_is_not_for_everybody(
    request: pytest.FixtureRequest, cast: Cast, invitation: Invitation, name: str, status: int
) -> None:
    client = request.getfixturevalue(f"{name}_client")
    assert client.post(f"{PAGE}/{invitation.pk}/withdraw").status_code == status
    assert open_invitations(cast.workspace).exists()
