"""See who is in the workspace, and what each role may do."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.access import ALLOWED, LABELS, is_allowed, permissions
from accounts.models import Membership, Role
from accounts.team import invite_member
from tests.factories import Cast, make_member

PAGE = "/settings/members"


def test_it_works(vera_client: Client, cast: Cast) -> None:
    answer = vera_client.get(PAGE)
    seen = [(row.user, row.role) for row in answer.context["members"]]
    assert seen == [
        (cast.alice, Role.OWNER),
        (cast.ann, Role.ADMIN),
        (cast.bob, Role.EDITOR),
        (cast.vera, Role.VIEWER),
    ]
    assert "bob@example.org" in answer.content.decode()


def test_a_stranger_sees_his_own_only(charlie_client: Client, cast: Cast) -> None:
    answer = charlie_client.get(PAGE)
    assert [row.user for row in answer.context["members"]] == [cast.charlie]
    assert "bob@example.org" not in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "can_manage", "can_hand_over"),
    [
        ("alice", True, True),
        ("ann", True, False),
        ("bob", False, False),
        ("vera", False, False),
    ],
)
def test_the_buttons_are_for_who_may(
    request: pytest.FixtureRequest, cast: Cast, name: str, can_manage: bool, can_hand_over: bool
) -> None:
    vera = Membership.objects.get(user=cast.vera)
    text = request.getfixturevalue(f"{name}_client").get(PAGE).content.decode()
    assert ("Create invitation" in text) == can_manage
    assert (f"/settings/members/{vera.pk}/role" in text) == can_manage
    assert (f"/settings/members/{vera.pk}/hand-over" in text) == can_hand_over
    assert (f"/settings/members/{vera.pk}/remove" in text) == (can_manage or name == "vera")


def test_nobody_gets_a_button_for_the_owner(ann_client: Client, cast: Cast) -> None:
    owner = Membership.objects.get(user=cast.alice)
    assert str(owner.pk) not in ann_client.get(PAGE).content.decode()


def test_open_invitations_are_for_who_may_manage_them(
    ann_client: Client, bob_client: Client, cast: Cast
) -> None:
    invite_member(
        workspace=cast.workspace, email="ivy@example.org", role=Role.VIEWER, actor=cast.ann
    )
    assert "ivy@example.org" in ann_client.get(PAGE).content.decode()
    assert "ivy@example.org" not in bob_client.get(PAGE).content.decode()


def test_a_name_is_no_markup(alice_client: Client, cast: Cast) -> None:
    cast.bob.name = "<b>Bob</b>"
    cast.bob.save()
    text = alice_client.get(PAGE).content.decode()
    assert "Remove &lt;b&gt;Bob&lt;/b&gt;?" in text
    assert "<b>Bob" not in text


def test_every_action_has_a_label() -> None:
    assert LABELS.keys() == frozenset().union(*ALLOWED.values())
    assert len(set(LABELS.values())) == len(LABELS)


def test_the_table_is_the_one_that_decides(vera_client: Client) -> None:
    shown: list[Any] = vera_client.get(PAGE).context["permissions"]
    assert shown == permissions()
    for action, row in zip(LABELS, shown, strict=True):
        assert row.label == LABELS[action]
        assert row.roles == [(role, is_allowed(role, action)) for role in Role]


def test_the_page_costs_the_same_however_many(
    alice_client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        make_member(cast.workspace, f"member{number}", Role.VIEWER)
        invite_member(
            workspace=cast.workspace, email=f"i{number}@e.org", role=Role.VIEWER, actor=cast.ann
        )
    with django_assert_max_num_queries(6):
        alice_client.get(PAGE)
