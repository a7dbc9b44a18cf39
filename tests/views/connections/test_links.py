"""The page of a link: make one, see what was not sent, decide about it, end it."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.ciphers import encrypt
from accounts.models import Membership, User, Workspace
from dashboard.models import Connection, ConnectionToken, Job, Link, Outgoing, Twin
from dashboard.services.connections.connections import PURPOSE
from tests.factories import (
    Cast,
    make_connection,
    make_group,
    make_image,
    make_link,
    make_outgoing,
    make_task,
    make_type,
    signed_in,
)

pytestmark = pytest.mark.django_db
PAGE = "/settings/link"


@pytest.fixture
def empty(cast: Cast) -> Workspace:
    """Return Alice's workspace, which has nothing in it."""
    return cast.workspace


def connected(workspace: Workspace, user: User) -> Connection:
    connection = make_connection(workspace)
    ConnectionToken.objects.create(
        connection=connection,
        membership=Membership.objects.get(workspace=workspace, user=user),
        secret=encrypt("lw_secret", PURPOSE),
        workspaces=[{"id": "ws-7", "name": "Shop there", "role": "editor"}],
    )
    return connection


def test_it_works(cast: Cast, empty: Workspace) -> None:
    connection, client = connected(empty, cast.alice), signed_in(cast.alice)
    assert "Shop there on there.example.org" in client.get(PAGE).content.decode()
    answer = client.post(PAGE, {"workspace": f"{connection.pk} ws-7"})
    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    link = Link.objects.get()
    assert (link.remote_workspace, link.remote_name) == ("ws-7", "Shop there")
    assert Job.objects.get().kind == Job.Kind.PULL
    empty.refresh_from_db()
    assert empty.mirrors == "Shop there on there.example.org"
    shown = client.get(PAGE).content.decode()
    assert "Mirror of Shop there" in shown
    assert "being read now" in shown


def test_a_workspace_that_is_not_offered_is_refused(cast: Cast, empty: Workspace) -> None:
    connection = connected(empty, cast.alice)
    answer = signed_in(cast.alice).post(PAGE, {"workspace": f"{connection.pk} ws-8"})
    assert answer.status_code == 422
    assert not Link.objects.exists()


def test_one_with_images_is_refused(cast: Cast, empty: Workspace) -> None:
    make_image(empty)
    connection = connected(empty, cast.alice)
    answer = signed_in(cast.alice).post(PAGE, {"workspace": f"{connection.pk} ws-7"})
    assert "Only an empty workspace can mirror" in answer.content.decode()
    assert not Link.objects.exists()


def test_without_a_token_there_is_nothing_to_choose(cast: Cast) -> None:
    assert "Connect to a server first" in signed_in(cast.alice).get(PAGE).content.decode()


def test_the_line_is_on_each_page_of_things(cast: Cast) -> None:
    link, client = make_link(cast.workspace), signed_in(cast.vera)
    make_outgoing(link)
    group, image = make_group(make_type(cast.workspace)), make_image(cast.workspace)
    task = make_task(cast.workspace)
    for address in (
        *("/images/", "/groups/", "/types/", "/tasks/"),
        *(f"/groups/{group.pk}", f"/images/{image.pk}", f"/tasks/{task.pk}"),
        f"/types/{group.similarity_type_id}",
    ):
        shown = client.get(address).content.decode()
        assert "Shop there on there.example.org" in shown, address
        assert "1 refused" in shown, address


def test_other_workspaces_have_no_line(cast: Cast) -> None:
    assert "Mirrors" not in signed_in(cast.vera).get("/images/").content.decode()


def test_a_refusal_stands_on_the_thing(cast: Cast) -> None:
    row = make_outgoing(make_link(cast.workspace))
    shown = signed_in(cast.alice).get(f"/groups/{row.change.target_id}").content.decode()
    assert "You may not do this." in shown
    assert reverse("outgoing-discard", args=[row.pk]) in shown


def test_a_viewer_sees_it_and_decides_nothing(cast: Cast) -> None:
    row = make_outgoing(make_link(cast.workspace))
    shown = signed_in(cast.vera).get(f"/groups/{row.change.target_id}").content.decode()
    assert "You may not do this." in shown
    assert "Refused" in shown
    assert "Discard change" not in shown


def test_what_is_held_is_not_called_refused(cast: Cast) -> None:
    row = make_outgoing(
        make_link(cast.workspace), state=Outgoing.State.HELD, problem="It waits for a token."
    )
    shown = signed_in(cast.alice).get(f"/groups/{row.change.target_id}").content.decode()
    assert "It waits for a token." in shown
    assert ">Held<" in shown
    assert ">Refused<" not in shown


def test_try_again(cast: Cast) -> None:
    row = make_outgoing(make_link(cast.workspace))
    give_token(cast, row.link)
    answer = signed_in(cast.bob).post(reverse("outgoing-retry", args=[row.pk]))
    assert answer["Location"] == PAGE
    row.refresh_from_db()
    assert (row.state, row.problem) == (Outgoing.State.WAITING, "")


def test_discard(cast: Cast) -> None:
    row = make_outgoing(make_link(cast.workspace))
    give_token(cast, row.link)
    signed_in(cast.bob).post(reverse("outgoing-discard", args=[row.pk]))
    assert not Outgoing.objects.exists()


def test_what_no_longer_waits_says_so(cast: Cast) -> None:
    row = make_outgoing(make_link(cast.workspace), state=Outgoing.State.WAITING)
    give_token(cast, row.link)
    answer = signed_in(cast.bob).post(reverse("outgoing-discard", args=[row.pk]))
    assert "no longer waits" in str(next(iter(get_messages(answer.wsgi_request))))


def give_token(cast: Cast, link: Link) -> None:
    ConnectionToken.objects.create(
        connection=link.connection,
        membership=Membership.objects.get(workspace=link.workspace, user=cast.bob),
        secret=encrypt("lw_secret", PURPOSE),
    )


def test_refresh(cast: Cast) -> None:
    make_link(cast.workspace)
    client = signed_in(cast.vera)
    for _ in range(2):  # the second finds the first one's job
        assert client.post(reverse("link-refresh"))["Location"] == PAGE
    assert Job.objects.get().kind == Job.Kind.PULL


def test_unlink_keeps_everything(cast: Cast) -> None:
    link, image = make_link(cast.workspace), make_image(cast.workspace)
    Twin.objects.create(link=link, noun="image", local_id=image.pk, remote_id="1")
    signed_in(cast.alice).post(reverse("link-unlink"))
    assert not Link.objects.exists()
    assert not Twin.objects.exists()
    image.refresh_from_db()
    cast.workspace.refresh_from_db()
    assert cast.workspace.mirrors == ""


def test_a_linked_connection_cannot_be_removed(cast: Cast) -> None:
    link = make_link(cast.workspace)
    client = signed_in(cast.alice)
    client.post(reverse("connection-remove", args=[link.connection_id]))
    assert "Unlink it first" in client.get("/settings/connections").content.decode()
    assert Connection.objects.exists()


def test_looking_again_without_a_token_changes_nothing(cast: Cast, client: Client) -> None:
    link, group = make_link(cast.workspace), make_group(make_type(cast.workspace))
    Twin.objects.create(link=link, noun="group", local_id=group.pk, remote_id="1")
    answer = signed_in(cast.vera).post(reverse("link-look", args=["group", group.pk]))
    assert (answer.status_code, answer.content.decode().strip()) == (200, "")
