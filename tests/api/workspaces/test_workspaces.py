"""Workspaces over the API, and whose key it is."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiToken, Change, Membership, Role, Scope, Workspace
from dashboard.engine.prior import BUILTIN
from dashboard.models import DEFAULT_LABEL, Label
from tests.api.calls import WORKSPACE, check_refusals
from tests.factories import Cast, api_client, make_key

USER, AUTHORIZE = "/account/v2/user/", "/authorization/v2/authorize"


def test_it_works(cast: Cast) -> None:
    client = api_client(cast.bob)
    made = client.post(WORKSPACE, {"name": " Bob’s corner "}).json()
    assert (made["name"], made["role"], made["members_count"]) == ("Bob’s corner", "owner", 1)
    assert made["owner"] == str(cast.bob.id)
    assert Label.objects.get(workspace=made["id"]).name == DEFAULT_LABEL
    one = f"{WORKSPACE}{made['id']}"
    assert client.get(one).json() == made
    for method, name in (("put", "Two"), ("patch", "Three")):
        assert getattr(client, method)(one, {"name": name}).json()["name"] == name
    assert client.patch(one, {}).json()["name"] == "Three"
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404


def test_a_list(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    Membership.objects.create(workspace=cast.elsewhere, user=cast.bob, role=Role.VIEWER)
    client = api_client(make_key(cast.bob, cast.workspace))
    client.get(WORKSPACE)
    with django_assert_num_queries(2):  # token, workspaces
        found = client.get(WORKSPACE).json()
    assert found["count"] == 2
    facts = {
        row["id"]: (row["owner"], row["role"], row["members_count"]) for row in found["results"]
    }
    assert facts == {
        str(cast.workspace.id): (str(cast.alice.id), "editor", 4),
        str(cast.elsewhere.id): (str(cast.charlie.id), "viewer", 2),
    }
    assert client.get(f"{WORKSPACE}?search=SHOP&ordering=-name").json()["count"] == 1


@pytest.mark.parametrize("name", [None, "", "  ", "x" * 151, "\x00", 5.5, [], {}])
@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_wrong_name(cast: Cast, method: str, name: Any) -> None:
    address = WORKSPACE if method == "post" else f"{WORKSPACE}{cast.workspace.id}"
    answer = getattr(api_client(cast.alice), method)(address, {"name": name})
    if name == 5.5:
        assert answer.status_code in (200, 201)  # a number is text to REST framework
        return
    assert (answer.status_code, list(answer.data)) == (400, ["name"])
    assert Workspace.objects.count() == 2


def test_an_admin_renames_and_only_the_owner_deletes(cast: Cast) -> None:
    one = f"{WORKSPACE}{cast.workspace.id}"
    statuses = {
        name: [
            api_client(make_key(getattr(cast, name), cast.workspace)).patch(one, {}).status_code,
            api_client(make_key(getattr(cast, name), cast.workspace)).delete(one).status_code,
        ]
        for name in ("vera", "bob", "ann", "alice")
    }
    assert statuses == {
        "vera": [403, 403],
        "bob": [403, 403],
        "ann": [200, 403],
        "alice": [200, 204],
    }


def test_another_workspace_in_the_call_changes_nothing(cast: Cast) -> None:
    one = f"{WORKSPACE}{cast.workspace.id}"
    for who, status in ((cast.ann, 200), (cast.charlie, 404)):
        body = {"name": "Ours", "workspace": str(cast.elsewhere.id)}
        assert api_client(who).put(one, body).status_code == status
    cast.elsewhere.refresh_from_db()
    assert cast.elsewhere.name == "Charlie’s corner"


def test_it_leaves_an_activity_row(cast: Cast) -> None:
    api_client(cast.ann).patch(f"{WORKSPACE}{cast.workspace.id}", {"name": "New"})
    row = Change.objects.get(verb="renamed")
    assert (row.noun, row.actor) == ("workspace", cast.ann)


def test_refusals(cast: Cast) -> None:
    one = f"{WORKSPACE}{cast.workspace.id}"
    check_refusals(cast, "get", one, writes=False)
    for method in ("put", "patch", "delete"):
        check_refusals(cast, method, one, {"name": "x"})


def test_a_key_that_reads_opens_none(cast: Cast) -> None:
    client = api_client(make_key(cast.alice, scope=Scope.READ))
    assert client.post(WORKSPACE, {"name": "x"}).status_code == 403
    assert Workspace.objects.count() == 2


# Whose key it is


def test_the_user(cast: Cast) -> None:
    Membership.objects.create(workspace=cast.elsewhere, user=cast.bob, role=Role.VIEWER)
    answer = api_client(make_key(cast.bob, cast.elsewhere)).get(USER).json()
    assert answer == {
        "id": str(cast.bob.id),
        "email": "bob@example.org",
        "name": "Bob",
        "default_workspace": str(cast.elsewhere.id),
        "token_scope": "write",
        "workspaces": [
            {"id": str(cast.workspace.id), "name": "Alice’s shop", "role": "editor"},
            {"id": str(cast.elsewhere.id), "name": "Charlie’s corner", "role": "viewer"},
        ],
    }


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_good_key_is_authorized(cast: Cast, slash: str) -> None:
    for who in (cast.vera, make_key(cast.vera, scope=Scope.READ)):
        body = {"service": "custom-similarity", "call_type": "authenticate"}
        answer = api_client(who).post(AUTHORIZE + slash, body)
        assert (answer.status_code, answer.data["user_id"]) == (200, cast.vera.id)


def test_a_bad_key_is_not(cast: Cast) -> None:
    for key in (None, "lw_wrong"):
        answer = api_client(key).post(AUTHORIZE, {"service": "x"})
        assert (answer.status_code, list(answer.data)) == (401, ["detail"])
        assert answer["WWW-Authenticate"] == "Token"


def test_a_key_that_expires_while_it_is_used(cast: Cast) -> None:
    client = api_client(cast.bob)
    assert client.get(USER).status_code == 200
    ApiToken.objects.update(expires=cast.bob.created)
    assert client.get(USER).status_code == 401


def test_a_workspace_chooses_its_encoder(cast: Cast) -> None:
    address = f"{WORKSPACE}{cast.workspace.id}"
    client = api_client(cast.ann)
    assert client.get(address).json()["encoder"] == ""
    assert client.patch(address, {"encoder": BUILTIN}).json()["encoder"] == BUILTIN
    answer = client.patch(address, {"name": "Another", "encoder": "photo-1"})
    assert (answer.status_code, answer.json()["detail"][:27]) == (
        400,
        "This encoder does not exist",
    )
    assert client.get(address).json()["name"] == cast.workspace.name, "nothing of it is done"
    assert api_client(cast.bob).patch(address, {"encoder": ""}).status_code == 403
    assert api_client(cast.charlie).patch(address, {"encoder": ""}).status_code == 404
    assert Workspace.objects.get(pk=cast.workspace.pk).encoder == BUILTIN
