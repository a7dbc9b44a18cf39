"""Connect a client: snippets with this workspace's own ids, and nobody else's."""

import ast
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.factories import Cast, make_task, make_type, make_version

Queries = Callable[..., Any]


def snippet(page: str, name: str) -> str:
    found = re.search(rf'<pre id="{name}"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert found, name
    return html.unescape(found[1])


def test_it_works(bob_client: Client, cast: Cast) -> None:
    version = make_version(make_task(cast.workspace))
    kind = make_type(cast.workspace)
    page = bob_client.get("/connect/").content.decode()
    workspace = str(cast.workspace.pk)
    assert workspace in snippet(page, "curl-upload")
    assert str(version.task_id) in snippet(page, "curl-descriptor")
    for name in ("client", "requests"):
        code = snippet(page, name)
        ast.parse(code)
        assert workspace in code
        assert str(version.task_id) in code
        assert '"YOUR_TOKEN"' in code or "Token YOUR_TOKEN" in code
    assert str(kind.pk) in snippet(page, "client")
    assert 'endpoint="http://testserver/"' in snippet(page, "client")
    assert 'href="/settings/tokens"' in page


def test_the_client_never_asks_elsewhere(bob_client: Client) -> None:
    page = bob_client.get("/connect/").content.decode()
    assert "resource_name=None," in snippet(page, "client")
    assert "otherwise the client first validates the token at the hosted service" in page


def test_a_stranger_sees_ids_of_his_own(charlie_client: Client, cast: Cast) -> None:
    version = make_version(make_task(cast.workspace))
    page = charlie_client.get("/connect/").content.decode()
    assert str(cast.elsewhere.pk) in page
    assert str(cast.workspace.pk) not in page
    assert str(version.task_id) not in page


def test_a_viewer_may_connect(vera_client: Client) -> None:
    assert vera_client.get("/connect/").status_code == 200


@pytest.mark.parametrize("with_task", [False, True])
def test_an_empty_workspace_says_what_to_make(
    bob_client: Client, cast: Cast, with_task: bool
) -> None:
    if with_task:
        make_task(cast.workspace)
    page = bob_client.get("/connect/").content.decode()
    assert "No task is trained yet" in page
    assert "none yet" in page
    for name in ("client", "requests"):
        ast.parse(snippet(page, name))
        assert "descriptor" not in snippet(page, name)


def test_names_are_shown_as_text(bob_client: Client, cast: Cast) -> None:
    nasty = "<script>alert(1)</script>"
    make_version(make_task(cast.workspace, nasty))
    make_type(cast.workspace, nasty)
    assert nasty not in bob_client.get("/connect/").content.decode()


def test_it_needs_few_queries(
    bob_client: Client, cast: Cast, django_assert_max_num_queries: Queries
) -> None:
    make_task(cast.workspace)
    with django_assert_max_num_queries(7):
        bob_client.get("/connect/")
