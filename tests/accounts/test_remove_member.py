"""Take a member out of the workspace, or leave it."""

import pytest
from django.test import Client

from accounts.errors import MemberGone
from accounts.models import ApiToken, Change, Membership, Role
from accounts.queries import find_token, open_invitations
from accounts.services import create_workspace
from accounts.team import invite_member, remove_member
from tests.factories import Cast, make_key


@pytest.fixture
def bob(cast: Cast) -> Membership:
    return Membership.objects.get(workspace=cast.workspace, user=cast.bob)


def address(row: Membership) -> str:
    return f"/settings/members/{row.pk}/remove"


@pytest.mark.parametrize("name", ["alice", "ann"])
def test_it_works(request: pytest.FixtureRequest, bob: Membership, name: str) -> None:
    answer = request.getfixturevalue(f"{name}_client").post(address(bob), follow=True)
    assert answer.redirect_chain == [("/settings/members", 302)]
    assert "Bob was removed." in answer.content.decode()
    assert not Membership.objects.filter(pk=bob.pk).exists()


def test_it_leaves_an_activity_row(ann_client: Client, cast: Cast, bob: Membership) -> None:
    make_key(cast.bob)
    before = Change.objects.count()
    ann_client.post(address(bob))
    row = Change.objects.latest("id")
    assert Change.objects.count() == before + 1
    assert (row.verb, row.noun, row.target_name, row.actor) == (
        "removed",
        "member",
        "Bob",
        cast.ann,
    )
    assert row.details == {"role": "editor", "tokens": 1}


def test_the_door_is_closed_at_once(
    alice_client: Client, bob_client: Client, bob: Membership
) -> None:
    assert bob_client.get("/groups/").status_code == 200
    alice_client.post(address(bob))
    assert bob_client.get("/groups/").status_code == 404


def test_tokens_of_this_workspace_stop_working(
    alice_client: Client, cast: Cast, bob: Membership
) -> None:
    own = create_workspace(name="Bob’s own", actor=cast.bob)
    here, elsewhere = make_key(cast.bob, cast.workspace), make_key(cast.bob, own)
    others = make_key(cast.vera)
    answer = alice_client.post(address(bob), follow=True)
    assert "One API token no longer works" in answer.content.decode()
    assert find_token(here) is None
    assert find_token(elsewhere) is not None
    assert find_token(others) is not None
    assert ApiToken.objects.get(workspace=cast.workspace, user=cast.bob).revoked is not None


def test_their_open_invitations_stop_working(alice_client: Client, cast: Cast) -> None:
    """Else a removed admin would come back by a link made before."""
    invite_member(workspace=cast.workspace, email="x@example.org", role="admin", actor=cast.ann)
    invite_member(workspace=cast.workspace, email="y@example.org", role="admin", actor=cast.alice)
    alice_client.post(address(Membership.objects.get(user=cast.ann)))
    assert [row.email for row in open_invitations(cast.workspace)] == ["y@example.org"]


@pytest.mark.parametrize("name", ["ann", "bob", "vera"])
def test_a_member_may_leave(request: pytest.FixtureRequest, cast: Cast, name: str) -> None:
    user = getattr(cast, name)
    row = Membership.objects.get(user=user)
    answer = request.getfixturevalue(f"{name}_client").post(address(row))
    assert (answer.status_code, answer["Location"]) == (302, "/settings/workspace/new")
    assert not Membership.objects.filter(user=user).exists()
    told = Change.objects.latest("id")
    assert (told.verb, told.actor) == ("left", user)


def test_who_leaves_goes_on_in_another_workspace(
    bob_client: Client, cast: Cast, bob: Membership
) -> None:
    create_workspace(name="Bob’s own", actor=cast.bob)
    assert bob_client.post(address(bob))["Location"] == "/"


@pytest.mark.parametrize("name", ["alice", "ann"])
def test_the_owner_stays(request: pytest.FixtureRequest, cast: Cast, name: str) -> None:
    owner = Membership.objects.get(user=cast.alice)
    key = make_key(cast.alice)
    answer = request.getfixturevalue(f"{name}_client").post(address(owner))
    assert answer.status_code == 422
    assert "The owner cannot leave" in answer.content.decode()
    assert Membership.objects.get(pk=owner.pk).role == Role.OWNER
    assert find_token(key) is not None


def test_a_viewer_may_not_remove_others(vera_client: Client, bob: Membership) -> None:
    assert vera_client.post(address(bob)).status_code == 403
    assert Membership.objects.filter(pk=bob.pk).exists()


def test_a_stranger_finds_nobody(charlie_client: Client, bob: Membership) -> None:
    assert charlie_client.post(address(bob)).status_code == 404
    assert Membership.objects.filter(pk=bob.pk).exists()


def test_a_second_time_there_is_nobody(alice_client: Client, cast: Cast, bob: Membership) -> None:
    alice_client.post(address(bob))
    assert alice_client.post(address(bob)).status_code == 404
    with pytest.raises(MemberGone):
        remove_member(membership=bob, actor=cast.alice)
