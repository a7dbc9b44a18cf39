"""The page of connections: an admin adds a server, each member connects with their own token."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from dashboard.models import Connection, ConnectionToken
from tests.factories import Cast, make_connection
from tests.remote.stand_in import StandIn, says, standing_in

SECRET = "lw_a-secret-that-nobody-may-see"
ACCOUNT = {
    "id": "22222222-2222-4222-8222-222222222222",
    "email": "alice@there.example.org",
    "name": "Alice There",
    "token_scope": "write",
    "workspaces": [
        {"id": "11111111-1111-4111-8111-111111111111", "name": "Shop there", "role": "editor"}
    ],
}

pytestmark = pytest.mark.django_db
LIST = "/settings/connections"


@pytest.fixture
def there(settings: Settings) -> Iterator[StandIn]:
    settings.LIKEWISE_FETCH_PRIVATE = ["127.0.0.0/8"]
    with standing_in() as server:
        yield server


def connect(client: Client, there: StandIn, made: Connection, account: object = ACCOUNT) -> None:
    there.plays(says(account))
    answer = client.post(reverse("connection-token", args=[made.pk]), {"token": SECRET})
    assert (answer.status_code, answer["Location"]) == (303, LIST)


def test_it_works(cast: Cast, ann_client: Client, there: StandIn) -> None:
    assert "https://api.ximilar.com" in ann_client.get(LIST).content.decode()
    answer = ann_client.post(LIST, {"url": there.url})
    made = Connection.objects.get()
    assert answer["Location"] == reverse("connection-token", args=[made.pk])
    connect(ann_client, there, made)
    shown = ann_client.get(LIST).content.decode()
    for text in ("Alice There", "Shop there", "editor", "also change images", "Members: Ann"):
        assert text.lower() in shown.lower(), text
    assert SECRET not in shown


def test_each_member_has_their_own(
    cast: Cast, ann_client: Client, bob_client: Client, there: StandIn
) -> None:
    made = make_connection(cast.workspace, there.url)
    connect(ann_client, there, made)
    shown = bob_client.get(LIST).content.decode()
    assert "You are not connected" in shown
    assert "Alice There" not in shown
    answer = bob_client.post(reverse("connection-check", args=[made.pk]), follow=True)
    assert "You have no API token" in answer.content.decode()
    assert len(there.asked) == 1
    bob_client.post(reverse("connection-disconnect", args=[made.pk]))
    assert ConnectionToken.objects.count() == 1


def test_a_viewer_connects_and_does_not_add(
    cast: Cast, vera_client: Client, there: StandIn
) -> None:
    assert "Ask a workspace admin" in vera_client.get(LIST).content.decode()
    assert vera_client.post(LIST, {"url": there.url}).status_code == 403
    made = make_connection(cast.workspace, there.url)
    connect(vera_client, there, made)
    shown = vera_client.get(LIST).content.decode()
    assert "Alice There" in shown
    assert "Remove connection" not in shown
    assert vera_client.post(reverse("connection-remove", args=[made.pk])).status_code == 403


def test_a_read_only_token_says_so(cast: Cast, bob_client: Client, there: StandIn) -> None:
    connect(
        bob_client,
        there,
        make_connection(cast.workspace, there.url),
        ACCOUNT | {"token_scope": "read"},
    )
    assert "the token is read-only" in bob_client.get(LIST).content.decode()


def test_a_wrong_token_is_not_shown_again(cast: Cast, bob_client: Client, there: StandIn) -> None:
    made = make_connection(cast.workspace, there.url)
    there.plays(says({"detail": SECRET}, 401))
    answer = bob_client.post(reverse("connection-token", args=[made.pk]), {"token": SECRET})
    assert answer.status_code == 422
    assert "does not accept this token" in answer.content.decode()
    assert SECRET not in answer.content.decode()


def test_a_revoked_token_leads_to_a_new_one(cast: Cast, bob_client: Client, there: StandIn) -> None:
    made = make_connection(cast.workspace, there.url)
    connect(bob_client, there, made)
    there.plays(says({}, 401))
    bob_client.post(reverse("connection-check", args=[made.pk]))
    shown = bob_client.get(LIST).content.decode()
    assert "does not accept this token" in shown
    assert reverse("connection-token", args=[made.pk]) in shown


@pytest.mark.parametrize("url", ["", "example.org", "https://a:b@example.org", "x" * 501])
def test_a_bad_url(cast: Cast, ann_client: Client, url: str) -> None:
    answer = ann_client.post(LIST, {"url": url})
    assert answer.status_code == 422
    assert not Connection.objects.exists()


@pytest.mark.parametrize("token", ["", " ", "x" * 501, "two words"])
def test_a_bad_token(cast: Cast, bob_client: Client, there: StandIn, token: str) -> None:
    made = make_connection(cast.workspace, there.url)
    answer = bob_client.post(reverse("connection-token", args=[made.pk]), {"token": token})
    assert answer.status_code == 422
    assert there.connections == 0


def test_remove(cast: Cast, ann_client: Client, there: StandIn) -> None:
    made = make_connection(cast.workspace, there.url)
    connect(ann_client, there, made)
    ann_client.post(reverse("connection-remove", args=[made.pk]))
    assert not Connection.objects.exists()


def test_the_number_of_queries(
    cast: Cast, ann_client: Client, there: StandIn, django_assert_max_num_queries
) -> None:
    for number in range(5):
        connect(ann_client, there, make_connection(cast.workspace, f"{there.url}/{number}"))
    with django_assert_max_num_queries(8):
        ann_client.get(LIST)


def test_activity_tells_of_it(cast: Cast, ann_client: Client, there: StandIn) -> None:
    connect(ann_client, there, make_connection(cast.workspace, there.url))
    shown = ann_client.get("/activity/?noun=connection").content.decode()
    assert "added a connection to" in shown
    assert "connected their account on" in shown
