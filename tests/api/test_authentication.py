"""A token opens the door: the right one, spelled as clients spell it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership
from accounts.services import revoke_token
from tests.api.calls import TASK, in_workspace
from tests.conftest import signed_in
from tests.factories import Cast, api_client, make_key, make_task


def test_it_works(cast: Cast) -> None:
    make_task(cast.workspace, "Shoes")
    answer = api_client(cast.vera).get(TASK)
    assert answer.status_code == 200
    assert [task["name"] for task in answer.data["results"]] == ["Shoes"]
    assert answer["X-Request-ID"]


@pytest.mark.parametrize("scheme", ["Token", "token", "TOKEN"])
def test_the_scheme_in_any_case(cast: Cast, scheme: str) -> None:
    header = f"{scheme} {make_key(cast.bob)}"
    assert Client().get(TASK, headers={"authorization": header}).status_code == 200


def test_a_key_is_short_enough_for_the_client(cast: Cast) -> None:
    assert len(make_key(cast.bob)) <= 64


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Token",
        "Token ",
        "Token one two",
        "Token lw_unknownunknown",
        "Token " + "x" * 65,
        "Token " + "x" * 5000,
        "Token \x00",
        "Token lw_\xff\xfe",
        "Bearer lw_unknownunknown",
        "JWT " + "x" * 200,
        "Basic dTpw",
    ],
)
def test_another_header_is_refused(cast: Cast, header: str) -> None:
    answer = Client().get(TASK, HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert isinstance(answer.json()["detail"], str)


def test_a_session_is_no_token(cast: Cast) -> None:
    assert signed_in(cast.alice).get(TASK).status_code == 401


def test_a_revoked_key_is_refused(cast: Cast) -> None:
    key = make_key(cast.bob)
    revoke_token(token=cast.bob.tokens.get(), actor=cast.bob)
    assert api_client(key).get(TASK).status_code == 401


def test_an_expired_key_is_refused(cast: Cast) -> None:
    key = make_key(cast.bob, expires=timezone.now() - timedelta(seconds=1))
    assert api_client(key).get(TASK).status_code == 401


def test_a_closed_account_is_refused(cast: Cast) -> None:
    client = api_client(cast.bob)
    cast.bob.is_active = False
    cast.bob.save()
    assert client.get(TASK).status_code == 401


# Which workspace


@pytest.mark.parametrize("named", ["Default", ""])
def test_the_default_workspace_by_name(cast: Cast, named: str) -> None:
    make_task(cast.workspace, "Shoes")
    client = api_client(cast.bob)
    assert client.get(f"{TASK}?workspace={named}").data["count"] == 1
    created = client.post(TASK, {"name": "Hats", "workspace": named})
    assert created.data["workspace"] == cast.workspace.id


def test_another_workspace_in_query_or_body(cast: Cast) -> None:
    Membership.objects.create(workspace=cast.elsewhere, user=cast.bob, role="editor")
    client = api_client(make_key(cast.bob, cast.workspace))
    created = client.post(TASK, {"name": "Hats", "workspace": str(cast.elsewhere.id)})
    assert created.status_code == 201
    assert created.data["workspace"] == cast.elsewhere.id
    assert client.get(TASK).data["count"] == 0
    assert client.get(f"{TASK}?workspace={cast.elsewhere.id}").data["count"] == 1
    # A thing is found in any of the user's workspaces, and not in one where it is not.
    address = f"{TASK}{created.data['id']}/"
    assert client.get(address).status_code == 200
    assert client.get(in_workspace(cast, address)).status_code == 404


@pytest.mark.parametrize("named", ["6a09e667-f3bc-4908-b2fb-1366ea957d3e", "nonsense", "%00", "5"])
def test_an_unknown_workspace_is_not_there(cast: Cast, named: str) -> None:
    client = api_client(cast.bob)
    assert client.get(f"{TASK}?workspace={named}").status_code == 404
    assert client.post(TASK, {"name": "Hats", "workspace": named}).status_code == 404


@pytest.mark.parametrize("named", [5, ["a"], {"a": 1}, True])
def test_a_workspace_that_is_no_text_is_not_there(cast: Cast, named: object) -> None:
    answer = api_client(cast.bob).post(TASK, {"name": "Hats", "workspace": named})
    assert answer.status_code == 404


def test_a_put_never_moves_a_thing(cast: Cast) -> None:
    Membership.objects.create(workspace=cast.elsewhere, user=cast.bob, role="editor")
    task = make_task(cast.workspace)
    client = api_client(cast.bob)
    address = f"{TASK}{task.id}"
    moved = client.put(address, {"name": "Hats", "workspace": str(cast.elsewhere.id)})
    assert moved.status_code == 404
    kept = client.put(address, {"name": "Hats", "workspace": str(cast.workspace.id)})
    assert kept.data["workspace"] == cast.workspace.id


def test_who_left_the_workspace_finds_nothing(cast: Cast) -> None:
    client = api_client(cast.bob)
    cast.bob.memberships.all().delete()
    assert client.get(TASK).status_code == 404
