"""Work in another of one's own workspaces."""

import pytest
from django.test import Client

from accounts.models import Membership, Role
from tests.factories import Cast

PAGE = "/settings/workspace"


@pytest.fixture
def _alice_views_elsewhere(cast: Cast) -> None:
    Membership.objects.create(user=cast.alice, workspace=cast.elsewhere, role=Role.VIEWER)


@pytest.mark.usefixtures("_alice_views_elsewhere")
def test_it_works(alice_client: Client, cast: Cast) -> None:
    assert alice_client.get("/settings/tokens").wsgi_request.workspace == cast.workspace  # type: ignore[attr-defined]
    answer = alice_client.post(PAGE, {"workspace": cast.elsewhere.pk})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    request = alice_client.get("/settings/tokens").wsgi_request
    assert request.workspace == cast.elsewhere  # type: ignore[attr-defined]
    assert request.membership.role == Role.VIEWER  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_alice_views_elsewhere")
def test_who_is_put_out_falls_back_to_an_own_one(alice_client: Client, cast: Cast) -> None:
    alice_client.post(PAGE, {"workspace": cast.elsewhere.pk})
    Membership.objects.filter(user=cast.alice, workspace=cast.elsewhere).delete()
    assert alice_client.get("/settings/tokens").wsgi_request.workspace == cast.workspace  # type: ignore[attr-defined]


def test_not_into_anybody_elses(charlie_client: Client, cast: Cast) -> None:
    assert charlie_client.post(PAGE, {"workspace": cast.workspace.pk}).status_code == 404
    assert "workspace" not in charlie_client.session
    assert charlie_client.get("/settings/tokens").wsgi_request.workspace == cast.elsewhere  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", ["", "nonsense", "5f3b6d1e-3c0f-4b43-9a67-0d3a3f9f7c11"])
def test_not_into_one_that_is_not_there(alice_client: Client, value: str) -> None:
    assert alice_client.post(PAGE, {"workspace": value}).status_code == 404


def test_not_by_following_a_link(alice_client: Client, cast: Cast) -> None:
    assert alice_client.get(PAGE, {"workspace": cast.workspace.pk}).status_code == 405


def test_a_forged_session_opens_no_door(charlie_client: Client, cast: Cast) -> None:
    session = charlie_client.session
    session["workspace"] = str(cast.workspace.pk)
    session.save()
    assert charlie_client.get("/settings/tokens").wsgi_request.workspace == cast.elsewhere  # type: ignore[attr-defined]


def test_who_has_no_workspace_finds_nothing(charlie_client: Client, cast: Cast) -> None:
    Membership.objects.filter(user=cast.charlie).delete()
    assert charlie_client.get("/settings/tokens").status_code == 404
