"""An invitation for one address is accepted by the account with that address and by no other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth import get_user
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.errors import AlreadyAMember, EmailTaken, InvitationClosed, InvitedElsewhere
from accounts.models import Change, Invitation, Membership, Role, User
from accounts.queries import get_invitation, open_invitations
from accounts.team import accept_invitation, change_role, invite_member, join
from tests.factories import PASSWORD, Cast, make_cast, make_user, signed_in

ANSWER = "/invitations/"
IVY = "ivy@example.org"
TYPED = {"name": "Ivy", "password": PASSWORD}


@pytest.fixture
def secret(cast: Cast) -> str:
    return invite_member(workspace=cast.workspace, email=IVY, role=Role.ADMIN, actor=cast.ann)[1]


@pytest.fixture
def anyone(cast: Cast) -> str:
    return invite_member(
        workspace=cast.workspace, email=IVY, role=Role.EDITOR, anyone=True, actor=cast.ann
    )[1]


def is_member(user: User, cast: Cast) -> bool:
    return Membership.objects.filter(user=user, workspace=cast.workspace).exists()


# Another account


def test_another_account_is_told_whose_it_is(
    charlie_client: Client, cast: Cast, secret: str
) -> None:
    answer = charlie_client.get(f"/invitations/{secret}", follow=True)
    assert answer.status_code == 403
    text = answer.content.decode()
    assert f"Ann invited {IVY} to Alice’s shop." in text
    assert "You are signed in as charlie@example.org" in text
    assert "Sign out and continue as another user" in text
    assert "Accept as" not in text


def test_another_account_cannot_accept(charlie_client: Client, cast: Cast, secret: str) -> None:
    charlie_client.get(f"/invitations/{secret}")
    assert charlie_client.post(ANSWER).status_code == 403
    assert not is_member(cast.charlie, cast)
    assert Invitation.objects.get().accepted is None
    assert not Change.objects.filter(verb="joined").exists()


@pytest.mark.parametrize(
    "email",
    [
        "ivy@example.com",
        "ivy@example.org.evil.example",
        "ivy+1@example.org",
        "ıvy@example.org",  # i without its dot, which upper case gives one
    ],
)
def test_only_the_same_address_is_the_same(cast: Cast, secret: str, email: str) -> None:
    user = User.objects.create_user(email, PASSWORD)
    with pytest.raises(InvitedElsewhere):
        accept_invitation(invitation=Invitation.objects.get(), actor=user)
    assert not is_member(user, cast)


@pytest.mark.parametrize("invited", ["IVY@Example.ORG", "Ivy@example.org"])
def test_case_makes_no_other_address(cast: Cast, invited: str) -> None:
    ivy = make_user("ivy")
    made, _ = invite_member(
        workspace=cast.workspace, email=invited, role=Role.VIEWER, actor=cast.ann
    )
    accept_invitation(invitation=made, actor=ivy)
    assert is_member(ivy, cast)


def test_the_address_counts_that_the_account_has_now(cast: Cast, secret: str) -> None:
    """A page that was opened before the address was changed accepts nothing any more."""
    ivy = make_user("ivy")
    User.objects.filter(pk=ivy.pk).update(email="gone@example.org")
    assert ivy.email == IVY
    with pytest.raises(InvitedElsewhere):
        accept_invitation(invitation=Invitation.objects.get(), actor=ivy)


def test_a_member_with_another_address_has_nothing_to_accept(
    bob_client: Client, cast: Cast, secret: str
) -> None:
    bob_client.get(f"/invitations/{secret}")
    assert bob_client.post(ANSWER)["Location"] == "/"
    assert Membership.objects.get(user=cast.bob).role == Role.EDITOR
    assert Invitation.objects.get().accepted is None


# To go on as another user


def test_switching_keeps_the_invitation_open(
    charlie_client: Client, cast: Cast, secret: str
) -> None:
    charlie_client.get(f"/invitations/{secret}")
    answer = charlie_client.post(ANSWER, {"switch": "yes"})
    assert (answer.status_code, answer["Location"]) == (302, ANSWER)
    assert not get_user(charlie_client).is_authenticated
    assert "Create an account to accept" in charlie_client.get(ANSWER).content.decode()
    charlie_client.post(ANSWER, TYPED)
    assert is_member(User.objects.get(email=IVY), cast)
    assert not is_member(cast.charlie, cast)


def test_switching_is_nothing_for_who_is_signed_out(client: Client, secret: str) -> None:
    client.get(f"/invitations/{secret}")
    assert client.post(ANSWER, {"switch": "yes"}).status_code == 422


def test_signing_in_with_another_account_does_not_help(
    client: Client, cast: Cast, secret: str
) -> None:
    """The way round by the sign-in page leads to the same refusal."""
    client.get(f"/invitations/{secret}")
    client.post(
        "/accounts/login/", {"login": "charlie@example.org", "password": PASSWORD, "next": ANSWER}
    )
    assert client.post(ANSWER).status_code == 403
    assert not is_member(cast.charlie, cast)


def test_no_other_account_is_offered(client: Client, secret: str) -> None:
    text = client.get(f"/invitations/{secret}", follow=True).content.decode()
    assert f'value="{IVY}" readonly' in text
    assert "another account" not in text


# Anyone with the link


def test_anyone_with_the_link_may_if_the_admin_says_so(
    charlie_client: Client, cast: Cast, anyone: str
) -> None:
    text = charlie_client.get(f"/invitations/{anyone}", follow=True).content.decode()
    assert "Accept as charlie@example.org" in text
    assert charlie_client.post(ANSWER)["Location"] == "/"
    assert Membership.objects.get(user=cast.charlie, workspace=cast.workspace).role == Role.EDITOR


def test_a_new_account_has_the_invited_address_all_the_same(
    client: Client, cast: Cast, anyone: str
) -> None:
    """Nobody can make an account with an address of their choice by a link."""
    client.get(f"/invitations/{anyone}")
    client.post(ANSWER, TYPED | {"email": "ceo@example.org"})
    assert is_member(User.objects.get(email=IVY), cast)
    assert not User.objects.filter(email="ceo@example.org").exists()


def test_the_admin_chooses_and_sees_it(ann_client: Client, cast: Cast) -> None:
    page = "/settings/invitations"
    answer = ann_client.post(page, {"email": IVY, "role": "viewer"})
    assert "only ivy@example.org can accept it, once" in answer.content.decode()
    assert not Invitation.objects.get().anyone
    assert "Only this email address" in ann_client.get("/settings/members").content.decode()
    answer = ann_client.post(page, {"email": IVY, "role": "viewer", "anyone": "on"})
    assert "with any email address" in answer.content.decode()
    (row,) = open_invitations(cast.workspace)
    assert row.anyone
    assert "Anyone with the link</span>" in ann_client.get("/settings/members").content.decode()
    (told, *_) = ann_client.get("/activity/").context["sentences"]
    assert f"{told.name}{told.after}" == f"{IVY} as viewer (anyone with the link)"


# Who sent it must still be allowed to


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
def test_one_that_a_demotion_did_not_see_opens_nothing(
    client: Client, cast: Cast, secret: str, role: str
) -> None:
    Membership.objects.filter(user=cast.ann).update(role=role)
    assert_closed(client, cast, secret)


def test_one_of_an_account_that_was_switched_off_opens_nothing(
    client: Client, cast: Cast, secret: str
) -> None:
    User.objects.filter(pk=cast.ann.pk).update(is_active=False)
    assert_closed(client, cast, secret)


def assert_closed(client: Client, cast: Cast, secret: str) -> None:
    answer = client.get(f"/invitations/{secret}", follow=True)
    assert answer.status_code == 410
    assert "was withdrawn" in answer.content.decode()
    found = Invitation.objects.get()
    with pytest.raises(InvitationClosed):
        join(invitation=found, name="Ivy", password=PASSWORD)
    assert not User.objects.filter(email=IVY).exists()
    assert not open_invitations(cast.workspace).exists()


def test_a_role_that_was_raised_meanwhile_stays(cast: Cast, secret: str) -> None:
    """Who became a member in another way keeps that role, and the invitation is not spent."""
    ivy = make_user("ivy")
    made = Membership.objects.create(workspace=cast.workspace, user=ivy, role=Role.VIEWER)
    change_role(membership=made, role=Role.EDITOR, actor=cast.alice)
    with pytest.raises(AlreadyAMember):
        accept_invitation(invitation=Invitation.objects.get(), actor=ivy)
    made.refresh_from_db()
    assert made.role == Role.EDITOR


def test_expired_at_the_moment_of_the_click(cast: Cast, secret: str) -> None:
    found = get_invitation(Invitation.objects.get().pk)
    Invitation.objects.update(expires=timezone.now() - timedelta(seconds=1))
    with pytest.raises(InvitationClosed):
        accept_invitation(invitation=found, actor=make_user("ivy"))


# Two at once


@pytest.fixture
def committed(transactional_db: None) -> tuple[Cast, Invitation]:
    cast = make_cast()
    made, _ = invite_member(
        workspace=cast.workspace, email=IVY, role=Role.EDITOR, anyone=True, actor=cast.ann
    )
    return cast, made


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Make the calls at the same moment, each on a connection of its own.

    SQLite has one writer, so that they take turns there.
    """
    if connection.vendor == "sqlite":
        return [outcome(call) for call in calls]
    barrier = Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            barrier.wait()
            return outcome(call)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def outcome(call: Callable[[], object]) -> object:
    try:
        return call()
    except (InvitationClosed, EmailTaken) as refusal:
        return refusal


def test_of_many_who_accept_at_once_one_gets_in(committed: tuple[Cast, Invitation]) -> None:
    cast, made = committed
    people = [make_user(f"p{number}") for number in range(6)]
    ends = at_once(
        *(lambda user=user: accept_invitation(invitation=made, actor=user) for user in people)
    )
    assert sum(isinstance(end, Membership) for end in ends) == 1
    assert Membership.objects.filter(workspace=cast.workspace, user__in=people).count() == 1
    assert Change.objects.filter(verb="joined").count() == 1


def test_of_a_new_and_an_old_account_at_once_one_gets_in(
    committed: tuple[Cast, Invitation],
) -> None:
    cast, made = committed
    before = Membership.objects.filter(workspace=cast.workspace).count()
    ends = at_once(
        lambda: join(invitation=made, name="Ivy", password=PASSWORD),
        lambda: accept_invitation(invitation=made, actor=cast.charlie),
    )
    assert sum(isinstance(end, InvitationClosed) for end in ends) == 1
    assert Membership.objects.filter(workspace=cast.workspace).count() == before + 1
    assert User.objects.filter(email=IVY).exists() == (not is_member(cast.charlie, cast))


def test_the_link_of_an_address_makes_one_account(committed: tuple[Cast, Invitation]) -> None:
    _, made = committed
    Invitation.objects.update(anyone=False)
    made.refresh_from_db()
    ends = at_once(
        *(lambda: join(invitation=made, name="Ivy", password=PASSWORD) for _ in range(4))
    )
    assert sum(isinstance(end, User) for end in ends) == 1
    assert User.objects.filter(email=IVY).count() == 1
    assert signed_in(User.objects.get(email=IVY)).get("/").status_code == 200
