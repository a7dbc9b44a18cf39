"""Make a key for the API in the dashboard."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiToken, Change, Membership, Role, Scope
from accounts.queries import digest_of, find_token
from tests.factories import Cast, make_key

PAGE = "/settings/tokens"


def typed(cast: Cast, **changes: Any) -> dict[str, Any]:
    fields = {"name": "shop", "scope": "write", "expires": "90", "workspace": cast.workspace.pk}
    return fields | changes


def test_it_works(alice_client: Client, cast: Cast) -> None:
    assert alice_client.get(PAGE).status_code == 200
    answer = alice_client.post(PAGE, typed(cast))
    key = answer.context["new_key"]
    token = find_token(key)
    assert answer.status_code == 200
    assert key in answer.content.decode()
    assert token is not None
    assert (token.user, token.workspace, token.name) == (cast.alice, cast.workspace, "shop")
    assert token.scope == Scope.WRITE


def test_the_key_tells_what_it_is_and_is_short_enough(alice_client: Client, cast: Cast) -> None:
    key = alice_client.post(PAGE, typed(cast)).context["new_key"]
    assert re.fullmatch(r"lw_[\w-]{40}", key)


def test_the_key_is_shown_once_and_kept_nowhere(alice_client: Client, cast: Cast) -> None:
    answer = alice_client.post(PAGE, typed(cast))
    key = answer.context["new_key"]
    assert "no-store" in answer["Cache-Control"]
    assert key not in alice_client.get(PAGE).content.decode()
    assert key not in str(dict(alice_client.session))
    assert key not in str(answer.cookies)
    stored = [str(value) for row in ApiToken.objects.values() for value in row.values()]
    assert key not in stored
    assert digest_of(key) in stored
    assert key not in str(list(Change.objects.values()))


def test_it_leaves_an_activity_row(alice_client: Client, cast: Cast) -> None:
    alice_client.post(PAGE, typed(cast))
    row = Change.objects.get(noun="token")
    assert (row.verb, row.target_name, row.actor) == ("created", "shop", cast.alice)
    assert (row.workspace, row.target_id) == (cast.workspace, ApiToken.objects.get().pk)


@pytest.mark.parametrize("days", [30, 90, 365])
def test_it_expires(alice_client: Client, cast: Cast, days: int) -> None:
    alice_client.post(PAGE, typed(cast, expires=str(days)))
    expires = ApiToken.objects.get().expires
    assert expires is not None
    assert abs(expires - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)


def test_it_never_expires(alice_client: Client, cast: Cast) -> None:
    alice_client.post(PAGE, typed(cast, expires="never"))
    assert ApiToken.objects.get().expires is None


def test_a_viewer_may_have_one(vera_client: Client, cast: Cast) -> None:
    assert vera_client.post(PAGE, typed(cast, scope="read")).context["new_key"]
    assert ApiToken.objects.get().user == cast.vera


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("scope", "everything"),
        ("expires", "31"),
        ("expires", ""),
        ("workspace", ""),
        ("workspace", "none"),
        ("workspace", "5f3b6d1e-3c0f-4b43-9a67-0d3a3f9f7c11"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    alice_client: Client, cast: Cast, field: str, value: str
) -> None:
    answer = alice_client.post(PAGE, typed(cast, **{field: value}))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not ApiToken.objects.exists()


def test_a_stranger_gets_no_key_for_the_workspace(charlie_client: Client, cast: Cast) -> None:
    answer = charlie_client.post(PAGE, typed(cast))
    assert list(answer.context["form"].errors) == ["workspace"]
    assert not ApiToken.objects.exists()


def test_one_sees_ones_own_only(alice_client: Client, cast: Cast) -> None:
    make_key(cast.alice, name="mine")
    make_key(cast.bob, name="his")
    answer = alice_client.get(PAGE)
    assert [token.name for token in answer.context["tokens"]] == ["mine"]


def test_all_ones_workspaces_can_be_chosen(alice_client: Client, cast: Cast) -> None:
    Membership.objects.create(user=cast.alice, workspace=cast.elsewhere, role=Role.VIEWER)
    alice_client.post(PAGE, typed(cast, workspace=cast.elsewhere.pk))
    assert ApiToken.objects.get().workspace == cast.elsewhere


def test_the_list_costs_the_same_however_long(
    alice_client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        make_key(cast.alice, name=str(number))
    with django_assert_max_num_queries(7):
        alice_client.get(PAGE)
