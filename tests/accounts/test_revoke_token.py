"""Revoke a key in the dashboard."""

import pytest
from django.test import Client

from accounts.models import ApiToken, Change
from accounts.queries import find_token
from accounts.services import revoke_token
from tests.factories import Cast, make_key


@pytest.fixture
def key(cast: Cast) -> str:
    return make_key(cast.alice, name="shop")


@pytest.fixture
def page(key: str) -> str:
    return f"/settings/tokens/{ApiToken.objects.get().pk}/revoke"


def test_it_works(alice_client: Client, key: str, page: str) -> None:
    answer = alice_client.post(page, follow=True)
    assert answer.redirect_chain == [("/settings/tokens", 302)]
    assert "The token “shop” was revoked." in answer.content.decode()
    assert not list(answer.context["tokens"])
    assert find_token(key) is None


def test_it_leaves_an_activity_row(alice_client: Client, cast: Cast, page: str) -> None:
    alice_client.post(page)
    row = Change.objects.get(verb="revoked")
    assert (row.noun, row.target_name, row.actor) == ("token", "shop", cast.alice)


def test_a_second_time_there_is_none(alice_client: Client, page: str) -> None:
    alice_client.post(page)
    assert alice_client.post(page).status_code == 404


def test_the_service_does_it_once(cast: Cast, key: str) -> None:
    token = ApiToken.objects.get()
    revoke_token(token=token, actor=cast.alice)
    revoked = ApiToken.objects.get().revoked
    revoke_token(token=token, actor=cast.alice)
    assert ApiToken.objects.get().revoked == revoked
    assert Change.objects.filter(verb="revoked").count() == 1


def test_not_by_following_a_link(alice_client: Client, key: str, page: str) -> None:
    assert alice_client.get(page).status_code == 405
    assert find_token(key) is not None


@pytest.mark.parametrize("name", ["bob", "vera", "charlie"])
def test_not_anybody_elses_unless_as_an_admin(
    request: pytest.FixtureRequest, key: str, page: str, name: str
) -> None:
    client = request.getfixturevalue(f"{name}_client")
    assert client.post(page).status_code == 404
    assert find_token(key) is not None
