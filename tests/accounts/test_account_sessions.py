"""Where one is signed in, and signing out from there."""

import time
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import sessions
from accounts.models import SignedInSession
from accounts.sessions import device
from tests.factories import PASSWORD, Cast, signed_in

PAGE = "/settings/account/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def sign_in(agent: str = FIREFOX, address: str = "203.0.113.7") -> Client:
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    client.post("/accounts/login/", {"login": "alice@example.org", "password": PASSWORD})
    return client


def test_it_works(cast: Cast) -> None:
    sign_in()
    here = sign_in(address="203.0.113.8")
    page = here.get(PAGE).content.decode()
    assert page.count("Firefox on Linux") >= 2
    assert page.index("203.0.113.8") < page.index("203.0.113.7")
    assert page.count("This session") == 1


def test_one_is_signed_out(cast: Cast) -> None:
    there, here = sign_in(), sign_in()
    row = SignedInSession.objects.get(session=there.session.session_key)
    assert here.post(f"{PAGE}/{row.pk}/end").status_code == 302
    assert not get_user(there).is_authenticated
    assert get_user(here).is_authenticated
    assert here.post(f"{PAGE}/{row.pk}/end").status_code == 404


def test_all_others_are_signed_out(cast: Cast, bob_client: Client) -> None:
    others, here = [sign_in() for _ in range(3)], sign_in()
    answer = here.post(f"{PAGE}/end", follow=True)
    assert "Signed out of 3 other sessions." in answer.content.decode()
    assert not any(get_user(other).is_authenticated for other in others)
    assert get_user(here).is_authenticated
    assert get_user(bob_client).is_authenticated
    again = here.post(f"{PAGE}/end", follow=True)
    assert "not signed in anywhere else" in again.content.decode()


def test_a_session_from_before_this_table_ends_too(cast: Cast) -> None:
    stolen, here = sign_in(), sign_in()
    SignedInSession.objects.filter(session=stolen.session.session_key).delete()
    here.post(f"{PAGE}/end")
    assert not get_user(stolen).is_authenticated


def test_a_stranger_ends_nothing(charlie_client: Client, cast: Cast) -> None:
    there = sign_in()
    row = SignedInSession.objects.get(session=there.session.session_key)
    assert charlie_client.post(f"{PAGE}/{row.pk}/end").status_code == 404
    assert charlie_client.post(f"{PAGE}/{uuid.uuid4()}/end").status_code == 404
    charlie_client.post(f"{PAGE}/end")
    assert get_user(there).is_authenticated


def test_a_form_from_elsewhere_is_refused(cast: Cast) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.alice)
    assert strict.post(f"{PAGE}/end").status_code == 403


def test_signing_out_and_expiry_leave_no_row(cast: Cast) -> None:
    there, gone = sign_in(), sign_in()
    there.post("/accounts/logout/")
    past = timezone.now() - timedelta(seconds=1)
    Session.objects.filter(pk=gone.session.session_key).update(expire_date=past)
    here = sign_in()
    assert [one.session_id for one in sessions.sessions_of(cast.alice)] == [
        here.session.session_key
    ]


def test_no_key_of_a_session_is_on_the_page(cast: Cast) -> None:
    there, here = sign_in(), sign_in()
    page = here.get(PAGE).content.decode()
    for client in (there, here):
        assert str(client.session.session_key) not in page


# What it costs


def test_a_request_writes_nothing(
    alice_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    alice_client.get("/healthz")
    with django_assert_num_queries(2):  # the session, and the person with their memberships
        alice_client.get("/static/none")


def test_five_minutes_later_it_is_one_statement(
    alice_client: Client,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    before = SignedInSession.objects.get(user=cast.alice).seen
    later = time.monotonic() + sessions.STEP + 1
    monkeypatch.setattr(sessions.time, "monotonic", lambda: later)
    with django_assert_num_queries(5):  # and a savepoint around it
        alice_client.get("/static/none", REMOTE_ADDR="203.0.113.9")
    with django_assert_num_queries(2):
        alice_client.get("/static/none")
    row = SignedInSession.objects.get(user=cast.alice)
    assert row.seen > before
    assert row.ip == "203.0.113.9"


def test_a_database_that_cannot_be_written_breaks_no_page(
    alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(sessions, "_seen", {})
    monkeypatch.setattr(sessions, "remember", full)
    assert alice_client.get(PAGE).status_code == 200


def test_what_is_remembered_is_bounded(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "REMEMBERED", 3)
    for _ in range(5):
        signed_in(cast.alice)
    assert len(sessions._seen) <= 3


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
            "Chrome on Windows",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18 Safari/605", "Safari on macOS"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604",
            "Safari on iPhone",
        ),
        ("curl/8.0", "curl"),
        ("<script>alert(1)</script>", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_a_browser_in_words(agent: str, words: str) -> None:
    assert device(agent) == words
