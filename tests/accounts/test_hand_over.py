"""Hand the workspace over to another owner."""

import pytest
from django.test import Client

from accounts.errors import MemberGone, NotTheOwner, OwnerStays
from accounts.models import Change, Membership, Role
from accounts.team import hand_over
from tests.factories import Cast


@pytest.fixture
def bob(cast: Cast) -> Membership:
    return Membership.objects.get(workspace=cast.workspace, user=cast.bob)


def address(row: Membership) -> str:
    return f"/settings/members/{row.pk}/hand-over"


def roles(cast: Cast) -> dict[str, str]:
    rows = Membership.objects.filter(workspace=cast.workspace)
    return dict(rows.values_list("user__name", "role"))


UNCHANGED = {"Alice": "owner", "Ann": "admin", "Bob": "editor", "Vera": "viewer"}


def test_it_works(alice_client: Client, cast: Cast, bob: Membership) -> None:
    answer = alice_client.post(address(bob), follow=True)
    assert answer.redirect_chain == [("/settings/members", 302)]
    assert "You handed over the workspace to Bob." in answer.content.decode()
    assert roles(cast) == UNCHANGED | {"Alice": "admin", "Bob": "owner"}


def test_it_leaves_an_activity_row(alice_client: Client, cast: Cast, bob: Membership) -> None:
    before = Change.objects.count()
    alice_client.post(address(bob))
    row = Change.objects.latest("id")
    assert Change.objects.count() == before + 1
    assert (row.verb, row.noun, row.target_name) == ("handed over to", "member", "Bob")
    assert row.actor == cast.alice


@pytest.mark.parametrize("name", ["ann", "bob", "vera"])
def test_it_is_the_owners_alone(
    request: pytest.FixtureRequest, cast: Cast, bob: Membership, name: str
) -> None:
    assert request.getfixturevalue(f"{name}_client").post(address(bob)).status_code == 403
    assert roles(cast) == UNCHANGED


def test_a_stranger_finds_nobody(charlie_client: Client, cast: Cast, bob: Membership) -> None:
    assert charlie_client.post(address(bob)).status_code == 404
    assert roles(cast) == UNCHANGED


def test_not_to_somebody_outside(alice_client: Client, cast: Cast) -> None:
    outside = Membership.objects.get(user=cast.charlie)
    assert alice_client.post(address(outside)).status_code == 404


def test_not_to_oneself(alice_client: Client, cast: Cast) -> None:
    own = Membership.objects.get(user=cast.alice)
    assert alice_client.post(address(own)).status_code == 422
    assert roles(cast) == UNCHANGED
    with pytest.raises(OwnerStays):
        hand_over(membership=own, actor=cast.alice)


def test_not_to_a_switched_off_account(alice_client: Client, cast: Cast, bob: Membership) -> None:
    cast.bob.is_active = False
    cast.bob.save()
    answer = alice_client.post(address(bob))
    assert answer.status_code == 422
    assert "no longer an active member" in answer.content.decode()
    assert roles(cast) == UNCHANGED


def test_the_service_looks_again(cast: Cast, bob: Membership) -> None:
    with pytest.raises(NotTheOwner):
        hand_over(membership=bob, actor=cast.ann)
    Membership.objects.filter(pk=bob.pk).delete()
    with pytest.raises(MemberGone):
        hand_over(membership=bob, actor=cast.alice)
    assert Membership.objects.get(role=Role.OWNER, workspace=cast.workspace).user == cast.alice
