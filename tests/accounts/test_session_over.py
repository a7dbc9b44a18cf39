"""A session that has ended says so, loses nobody's place, and brings back after signing in."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from tests.factories import PASSWORD, Cast

HTMX = {"HX-Request": "true"}


@pytest.fixture
def expired(bob_client: Client) -> Client:
    """Bob's browser still has its cookie; the session behind it is gone."""
    Session.objects.all().delete()
    return bob_client


def test_it_works(expired: Client, cast: Cast) -> None:
    answer = expired.get("/jobs/?state=running")
    assert answer["Location"] == "/accounts/login/?next=/jobs/%3Fstate%3Drunning&over=yes"
    page = expired.get(answer["Location"]).content.decode()
    assert "Your session has expired" in page
    assert "return to the page you were on" in page
    assert "not saved" not in page
    data = {"login": cast.bob.email, "password": PASSWORD, "next": "/jobs/?state=running"}
    assert '<input type="hidden" name="next" value="/jobs/?state=running"' in page
    assert expired.post("/accounts/login/", data)["Location"] == "/jobs/?state=running"


def test_who_was_never_here_is_not_told_so() -> None:
    answer = Client().get("/jobs/")
    assert answer["Location"] == "/accounts/login/?next=/jobs/"
    assert "session has expired" not in Client().get(answer["Location"]).content.decode()


def test_a_visitor_who_never_signed_in_is_not_told_so(cast: Cast) -> None:
    """An invitation's link gives even a stranger a session, and that is not over."""
    visitor = Client()
    store = visitor.session
    store["invitation"] = "secret"
    store.save()
    assert visitor.get("/jobs/")["Location"] == "/accounts/login/?next=/jobs/"
    answer = visitor.post("/uploads/new", headers={"Accept": "application/json"})
    assert answer.json()["error"].startswith("Nothing was saved because")


def test_what_a_stranger_sends_is_said_to_be_lost(db: None) -> None:
    stranger = Client()
    answer = stranger.post("/images/delete", headers={"Referer": "http://testserver/images/"})
    page = stranger.get(answer["Location"]).content.decode()
    assert "session has expired" not in page
    assert "Your last change was not saved. Sign in to return to the page you were on." in page


def test_a_form_leads_back_to_its_page(expired: Client) -> None:
    referer = {"Referer": "http://testserver/images/?test=1"}
    answer = expired.post("/images/delete", {"ids": []}, headers=referer)
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/images/%3Ftest%3D1&over=unsaved"
    page = expired.get(answer["Location"]).content.decode()
    assert "Your last change was not saved." in page


@pytest.mark.parametrize(
    "referer", ["", "https://evil.example/images/", "javascript:alert(1)", "http://testserver"]
)
def test_it_never_leads_to_another_site(expired: Client, referer: str) -> None:
    answer = expired.post("/settings/workspace/new", headers={"Referer": referer})
    assert answer["Location"] == "/accounts/login/?next=/&over=unsaved"


@pytest.mark.parametrize(
    ("current", "place"),
    [
        ("http://testserver/jobs/?state=running", "/jobs/%3Fstate%3Drunning"),
        ("https://evil.example/jobs/", "/"),
    ],
)
def test_htmx_takes_the_whole_page_there(expired: Client, current: str, place: str) -> None:
    answer = expired.get("/jobs/", headers=HTMX | {"HX-Current-URL": current})
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == f"/accounts/login/?next={place}&over=yes"
    assert answer.content == b""


def test_a_form_over_htmx_says_that_nothing_was_saved(expired: Client) -> None:
    answer = expired.post("/demo", headers=HTMX | {"HX-Current-URL": "http://testserver/"})
    assert answer["HX-Redirect"] == "/accounts/login/?next=/&over=unsaved"


def test_a_script_gets_the_sentence(expired: Client) -> None:
    answer = expired.post("/uploads/new", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert "Your session has expired" in answer.json()["error"]
