"""Only members with a token of their own may change what another server mirrors."""

import pytest

from accounts.access import LABELS, StepNeeded, check
from accounts.ciphers import encrypt
from accounts.models import Membership
from dashboard.models import ConnectionToken, Group, Link
from dashboard.services.connections.connections import PURPOSE
from dashboard.services.connections.gate import SENT
from tests.api.calls import GROUP
from tests.factories import Cast, api_client, make_group, make_link, make_type, signed_in

pytestmark = pytest.mark.django_db
# What stays here, and is not sent: reading, one's own, what has no counterpart there, and settings.
STAYS = {
    "collections.add",
    "collections.change",
    "collections.delete",
    "connections.manage",
    "connections.own",
    "descriptors.extract",
    "jobs.cancel",
    "jobs.retry",
    "members.manage",
    "search.run",
    "tasks.train",
    "tokens.all",
    "tokens.own",
    "verifications.all",
    "verifications.own",
    "versions.delete",
    "versions.produce",
    "webhooks.manage",
    "workspace.change",
    "workspace.delete",
    "workspace.hand_over",
    "workspace.protect",
    "workspace.transfer",
    "workspace.view",
}


@pytest.fixture
def link(cast: Cast) -> Link:
    return make_link(cast.workspace)


def member(link: Link, email: str) -> Membership:
    """Read it anew, as a request does: it has the workspace as it is now."""
    rows = Membership.objects.select_related("workspace", "user")
    return rows.get(workspace=link.workspace, user__email=email)


def give_token(link: Link, email: str, problem: str = "") -> None:
    ConnectionToken.objects.create(
        connection=link.connection,
        membership=member(link, email),
        secret=encrypt("lw_secret", PURPOSE),
        problem=problem,
    )


def test_each_action_is_sent_or_stays() -> None:
    assert set(LABELS) == SENT | STAYS
    assert not SENT & STAYS


@pytest.mark.parametrize("action", sorted(SENT))
def test_without_a_token(cast: Cast, link: Link, action: str) -> None:
    with pytest.raises(StepNeeded, match="connect with an API token of your own"):
        check(member(link, cast.bob.email), action)


def test_with_a_token(cast: Cast, link: Link) -> None:
    give_token(link, cast.bob.email)
    assert check(member(link, cast.bob.email), "groups.add")


def test_the_token_of_another_member_does_not_count(cast: Cast, link: Link) -> None:
    give_token(link, cast.alice.email)
    with pytest.raises(StepNeeded):
        check(member(link, cast.bob.email), "groups.add")


def test_a_refused_token_does_not_count(cast: Cast, link: Link) -> None:
    give_token(link, cast.bob.email, problem="It was revoked.")
    with pytest.raises(StepNeeded):
        check(member(link, cast.bob.email), "groups.add")


def test_reading_needs_no_token(cast: Cast, link: Link) -> None:
    assert check(member(link, cast.vera.email), "workspace.view")


def test_a_page_leads_to_the_token_and_changes_nothing(cast: Cast, link: Link) -> None:
    kind = make_type(cast.workspace)
    client = signed_in(cast.bob)
    answer = client.post("/groups/new", {"similarity_type": kind.pk, "name": "Red"})
    assert answer["Location"] == f"/settings/connections/{link.connection_id}/token"
    assert "connect with an API token" in client.get(answer["Location"]).content.decode()
    assert not Group.objects.exists()


def test_the_api_refuses(cast: Cast, link: Link) -> None:
    body = {"name": "Red", "type": str(make_type(cast.workspace).pk)}
    answer = api_client(cast.bob).post(GROUP, body)
    assert answer.status_code == 403
    assert "connect with an API token of your own" in answer.data["detail"]
    assert not Group.objects.exists()


def test_an_ordinary_workspace_asks_nothing(cast: Cast, django_assert_num_queries: object) -> None:
    group = make_group(make_type(cast.workspace))
    found = Membership.objects.select_related("workspace", "user").get(
        workspace=group.workspace, user=cast.bob
    )
    with django_assert_num_queries(0):  # type: ignore[operator]
        check(found, "groups.add")
