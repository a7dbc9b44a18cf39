"""See what happened to accounts: all of them as an operator, one's own as anybody."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.events import record_event, record_failure
from accounts.models import AccountEvent, User
from accounts.services import issue_token, revoke_token
from accounts.team import invite_member
from accounts.visitors import Visitor, current_visitor
from dashboard.queries.workspaces.activity import activity_page
from tests.factories import Cast, signed_in

PAGE, OWN = "/settings/account-activity", "/settings/account-activity/own"
HTMX = {"HX-Request": "true"}
Verb = AccountEvent.Verb


@pytest.fixture
def operator(cast: Cast) -> Client:
    User.objects.filter(pk=cast.alice.pk).update(is_staff=True)
    client = signed_in(cast.alice)
    AccountEvent.objects.all().delete()
    return client


def rows(client: Client, query: str = "", page: str = PAGE) -> list[tuple[str, str]]:
    found = client.get(page + query).context["told"]
    return [(one.row.verb, one.row.address) for one in found]


def test_it_works(operator: Client, cast: Cast) -> None:
    held = current_visitor.set(Visitor("203.0.113.7", "Firefox"))
    for _ in range(3):
        record_failure(Verb.SIGN_IN_FAILED, user=cast.bob)
    current_visitor.reset(held)
    token, _ = issue_token(name="till", workspace=cast.workspace, actor=cast.bob)
    revoke_token(token=token, actor=cast.ann)
    assert rows(operator) == [
        ("token revoked", "bob@example.org"),
        ("token created", "bob@example.org"),
        ("sign-in failed", "bob@example.org"),
    ]
    text = operator.get(PAGE).content.decode()
    assert "“till” in Alice’s shop" in text
    assert "by ann@example.org" in text
    assert "3 times" in text
    assert "203.0.113.7" in text
    assert "on the server" in text


def test_an_invitation_for_anyone_is_told_as_one(operator: Client, cast: Cast) -> None:
    invite_member(
        workspace=cast.workspace, email="ivy@example.org", role="admin", anyone=True, actor=cast.ann
    )
    text = operator.get(PAGE).content.decode()
    assert "for ivy@example.org as admin in Alice’s shop (anyone with the link)" in text


@pytest.mark.parametrize("name", ["alice", "ann", "bob", "vera", "charlie"])
def test_nobody_else_sees_it(request: pytest.FixtureRequest, cast: Cast, name: str) -> None:
    client = request.getfixturevalue(f"{name}_client")
    assert client.get(PAGE).status_code == 404
    assert PAGE + '"' not in client.get("/settings/").content.decode()


def test_the_settings_lead_operators_to_it(operator: Client) -> None:
    assert f'href="{PAGE}"' in operator.get("/settings/").content.decode()


def test_it_is_filtered_by_verb_and_person(operator: Client, cast: Cast) -> None:
    record_event(Verb.SIGNED_IN, user=cast.bob, actor=cast.bob)
    record_event(Verb.SIGNED_IN, user=cast.ann, actor=cast.ann)
    record_event(Verb.SIGNED_OUT, user=cast.ann, actor=cast.ann)
    record_failure(Verb.SIGN_IN_FAILED, user=None, address="Nobody@example.org")
    assert rows(operator, "?person=ANN@example.org&verb=signed+in") == [
        ("signed in", "ann@example.org")
    ]
    assert rows(operator, "?person=nobody@example.org") == [
        ("sign-in failed", "nobody@example.org")
    ]
    assert "No events found" in operator.get(f"{PAGE}?person=x@example.org").content.decode()


def test_a_person_is_found_under_older_addresses(operator: Client, cast: Cast) -> None:
    record_event(Verb.SIGNED_IN, user=cast.bob, actor=cast.bob)
    User.objects.filter(pk=cast.bob.pk).update(email="rob@example.org")
    assert rows(operator, "?person=rob@example.org") == [("signed in", "bob@example.org")]


@pytest.mark.parametrize("query", ["verb=ghost", "person=%00", "cursor=nonsense", "cursor=%00"])
def test_a_damaged_address_says_so(operator: Client, query: str) -> None:
    answer = operator.get(f"{PAGE}?{query}")
    assert answer.status_code == 404
    assert "Open the first page of the list" in answer.content.decode()


def test_it_goes_on_where_the_page_ended(
    operator: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_page, "__defaults__", ("", 2))
    for _ in range(5):
        record_event(Verb.SIGNED_IN, user=cast.bob, actor=cast.bob)
    AccountEvent.objects.update(created=timezone.now())
    seen, address = [], f"{PAGE}?verb=signed+in&person=bob%40example.org"
    while address:
        fragment = operator.get(address, headers=HTMX).content.decode()
        answer = operator.get(address)
        assert "<html" not in fragment
        assert fragment.count("Signed in") == len(answer.context["told"])
        seen += [one.row.pk for one in answer.context["told"]]
        address = answer.context["next_url"]
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


def test_it_needs_few_queries(
    operator: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for person in (cast.alice, cast.ann, cast.bob, cast.vera) * 10:
        record_event(Verb.TOKEN_REVOKED, user=person, actor=cast.ann, name="till")
    for query in ("", "?verb=token+revoked", "?person=bob@example.org"):
        with django_assert_max_num_queries(6):
            operator.get(PAGE + query)


def test_what_was_typed_is_no_markup(operator: Client, cast: Cast) -> None:
    held = current_visitor.set(Visitor("203.0.113.7", "<b>bold</b>"))
    record_event(Verb.TOKEN_CREATED, user=cast.bob, actor=cast.bob, name="<i>it</i>")
    current_visitor.reset(held)
    text = operator.get(PAGE).content.decode()
    assert "<b>bold" not in text
    assert "<i>it" not in text
    assert "&lt;b&gt;bold" in text


# One's own


def test_everybody_sees_what_happened_to_their_own(vera_client: Client, cast: Cast) -> None:
    AccountEvent.objects.all().delete()
    record_event(Verb.SIGNED_IN, user=cast.vera, actor=cast.vera)
    record_event(Verb.SIGNED_IN, user=cast.bob, actor=cast.bob)
    record_failure(Verb.SIGN_IN_FAILED, user=cast.vera)
    assert rows(vera_client, page=OWN) == [
        ("sign-in failed", "vera@example.org"),
        ("signed in", "vera@example.org"),
    ]
    assert f'href="{OWN}"' in vera_client.get("/settings/").content.decode()


def test_no_filter_leads_to_what_is_others(vera_client: Client, cast: Cast) -> None:
    AccountEvent.objects.all().delete()
    record_event(Verb.SIGNED_IN, user=cast.bob, actor=cast.bob)
    assert rows(vera_client, "?person=bob@example.org", OWN) == []


def test_old_ones_are_still_told_in_order(vera_client: Client, cast: Cast) -> None:
    AccountEvent.objects.all().delete()
    first = record_event(Verb.SIGNED_IN, user=cast.vera, actor=cast.vera)
    AccountEvent.objects.filter(pk=first.pk).update(created=timezone.now() + timedelta(hours=1))
    record_event(Verb.SIGNED_OUT, user=cast.vera, actor=cast.vera)
    assert [verb for verb, _ in rows(vera_client, page=OWN)] == ["signed in", "signed out"]
