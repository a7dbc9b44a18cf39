"""Give a member another role."""

import pytest
from django.test import Client

from accounts.errors import MemberGone, OwnerStays, OwnRole, RoleNotGiven
from accounts.models import Change, Membership, Role
from accounts.queries import open_invitations
from accounts.team import change_role, invite_member
from tests.factories import Cast


@pytest.fixture
def bob(cast: Cast) -> Membership:
    return Membership.objects.get(workspace=cast.workspace, user=cast.bob)


def address(row: Membership) -> str:
    return f"/settings/members/{row.pk}/role"


@pytest.mark.parametrize("name", ["alice", "ann"])
@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_it_works(request: pytest.FixtureRequest, bob: Membership, name: str, role: str) -> None:
    client = request.getfixturevalue(f"{name}_client")
    answer = client.post(address(bob), {"role": role}, follow=True)
    assert answer.redirect_chain == [("/settings/members", 302)]
    assert f"Bob is now {role}." in answer.content.decode()
    bob.refresh_from_db()
    assert bob.role == role


def test_it_leaves_an_activity_row(ann_client: Client, cast: Cast, bob: Membership) -> None:
    ann_client.post(address(bob), {"role": "admin"})
    row = Change.objects.latest("id")
    assert (row.verb, row.noun, row.target_name) == ("changed the role of", "member", "Bob")
    assert (row.actor, row.details) == (cast.ann, {"before": "editor", "after": "admin"})


def test_the_same_role_changes_nothing(cast: Cast, bob: Membership) -> None:
    before = Change.objects.count()
    change_role(membership=bob, role=Role.EDITOR, actor=cast.ann)
    assert Change.objects.count() == before


def test_the_new_role_counts_at_once(alice_client: Client, bob_client: Client, cast: Cast) -> None:
    bob = Membership.objects.get(workspace=cast.workspace, user=cast.bob)
    assert bob_client.get("/groups/new").status_code == 200
    alice_client.post(address(bob), {"role": "viewer"})
    assert bob_client.get("/groups/new").status_code == 403


def test_who_is_no_admin_any_more_loses_the_invitations(alice_client: Client, cast: Cast) -> None:
    invite_member(workspace=cast.workspace, email="x@example.org", role="admin", actor=cast.ann)
    ann = Membership.objects.get(user=cast.ann)
    alice_client.post(address(ann), {"role": "editor"})
    assert not open_invitations(cast.workspace).exists()


@pytest.mark.parametrize("role", ["owner", "ghost", ""])
def test_not_to_a_role_that_is_not_given(alice_client: Client, bob: Membership, role: str) -> None:
    answer = alice_client.post(address(bob), {"role": role})
    assert answer.status_code == 422
    assert "This role cannot be assigned." in answer.content.decode()
    bob.refresh_from_db()
    assert bob.role == Role.EDITOR


def test_the_owners_role_stays(ann_client: Client, cast: Cast) -> None:
    owner = Membership.objects.get(user=cast.alice)
    answer = ann_client.post(address(owner), {"role": "viewer"})
    assert answer.status_code == 422
    assert "The owner cannot leave" in answer.content.decode()
    owner.refresh_from_db()
    assert owner.role == Role.OWNER


def test_nobody_changes_the_own_role(ann_client: Client, cast: Cast) -> None:
    ann = Membership.objects.get(user=cast.ann)
    answer = ann_client.post(address(ann), {"role": "viewer"})
    assert answer.status_code == 422
    assert "You cannot change your own role" in answer.content.decode()


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_not_by_who_is_no_admin(
    request: pytest.FixtureRequest, cast: Cast, bob: Membership, name: str
) -> None:
    client = request.getfixturevalue(f"{name}_client")
    assert client.post(address(bob), {"role": "admin"}).status_code == 403


def test_not_by_a_stranger(charlie_client: Client, bob: Membership) -> None:
    assert charlie_client.post(address(bob), {"role": "viewer"}).status_code == 404
    bob.refresh_from_db()
    assert bob.role == Role.EDITOR


def test_the_service_refuses_by_itself(cast: Cast, bob: Membership) -> None:
    owner = Membership.objects.get(user=cast.alice)
    with pytest.raises(RoleNotGiven):
        change_role(membership=bob, role=Role.OWNER, actor=cast.alice)
    with pytest.raises(OwnRole):
        change_role(membership=bob, role=Role.ADMIN, actor=cast.bob)
    with pytest.raises(OwnerStays):
        change_role(membership=owner, role=Role.ADMIN, actor=cast.ann)
    Membership.objects.filter(pk=bob.pk).delete()
    with pytest.raises(MemberGone):
        change_role(membership=bob, role=Role.ADMIN, actor=cast.ann)
