"""See and revoke the tokens of everybody in the workspace."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiToken, Change
from accounts.queries import find_token
from tests.factories import Cast, make_key

PAGE = "/settings/tokens"


@pytest.fixture
def key(cast: Cast) -> str:
    return make_key(cast.bob, name="till")


@pytest.fixture
def revoke(key: str) -> str:
    return f"{PAGE}/{ApiToken.objects.get().pk}/revoke"


@pytest.mark.parametrize("name", ["alice", "ann"])
def test_it_works(request: pytest.FixtureRequest, key: str, name: str) -> None:
    answer = request.getfixturevalue(f"{name}_client").get(PAGE)
    assert [token.name for token in answer.context["tokens_of_others"]] == ["till"]
    text = answer.content.decode()
    assert "Tokens of other members" in text
    assert key[:11] in text
    assert key not in text


@pytest.mark.parametrize("name", ["alice", "ann"])
def test_revoking_works(
    request: pytest.FixtureRequest, cast: Cast, key: str, revoke: str, name: str
) -> None:
    answer = request.getfixturevalue(f"{name}_client").post(revoke, follow=True)
    assert "The token “till” was revoked." in answer.content.decode()
    assert find_token(key) is None
    row = Change.objects.latest("id")
    assert (row.verb, row.noun, row.actor) == ("revoked", "token", getattr(cast, name))


@pytest.mark.parametrize("name", ["vera", "charlie"])
def test_nobody_else_sees_them(
    request: pytest.FixtureRequest, cast: Cast, key: str, revoke: str, name: str
) -> None:
    client = request.getfixturevalue(f"{name}_client")
    text = client.get(PAGE).content.decode()
    assert "till" not in text
    assert client.post(revoke).status_code == 404
    assert find_token(key) is not None


def test_those_of_another_workspace_are_not_there(
    alice_client: Client, charlie_client: Client, cast: Cast
) -> None:
    key = make_key(cast.charlie, name="elsewhere")
    assert not alice_client.get(PAGE).context["tokens_of_others"]
    address = f"{PAGE}/{ApiToken.objects.get().pk}/revoke"
    assert alice_client.post(address).status_code == 404
    assert find_token(key) is not None


def test_ones_own_stand_in_ones_own_list(alice_client: Client, cast: Cast) -> None:
    make_key(cast.alice, name="mine")
    answer = alice_client.get(PAGE)
    assert [token.name for token in answer.context["tokens"]] == ["mine"]
    assert not answer.context["tokens_of_others"]


def test_the_list_costs_the_same_however_long(
    alice_client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        make_key(cast.bob, name=str(number))
    with django_assert_max_num_queries(7):
        alice_client.get(PAGE)
