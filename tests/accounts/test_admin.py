"""Django's admin, for administrators of the server: staff only, and nearly all of it to look at."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import include, path

from accounts.admin import ReadOnlyAdmin
from accounts.models import ApiToken, Change, User
from tests.factories import PASSWORD, Cast, make_key, signed_in

urlpatterns = [path("admin/", admin.site.urls), path("", include("dashboard.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
NOUNS = ["user", "workspace", "membership", "invitation", "apitoken", "change"]


@pytest.fixture
def staff_client() -> Client:
    return signed_in(User.objects.create_superuser("root@example.org", PASSWORD))


@pytest.mark.parametrize("noun", NOUNS)
def test_it_works(staff_client: Client, cast: Cast, noun: str) -> None:
    make_key(cast.alice)
    assert staff_client.get(f"/admin/accounts/{noun}/").status_code == 200


@pytest.mark.parametrize("noun", NOUNS)
def test_nothing_is_added_past_the_services(staff_client: Client, noun: str) -> None:
    assert staff_client.get(f"/admin/accounts/{noun}/add/").status_code == 403


def test_an_account_is_switched_off(staff_client: Client, cast: Cast) -> None:
    page = f"/admin/accounts/user/{cast.bob.pk}/change/"
    assert staff_client.post(page, {"email": "x@example.org"}).status_code == 302
    cast.bob.refresh_from_db()
    assert (cast.bob.is_active, cast.bob.email) == (False, "bob@example.org")


def test_no_digest_is_shown(staff_client: Client, cast: Cast) -> None:
    make_key(cast.alice)
    token = ApiToken.objects.get()
    answer = staff_client.get(f"/admin/accounts/apitoken/{token.pk}/change/")
    assert answer.status_code == 200
    assert token.digest not in answer.content.decode()


def test_activity_cannot_be_rewritten(staff_client: Client, cast: Cast) -> None:
    row = Change.objects.earliest("id")
    page = f"/admin/accounts/change/{row.pk}"
    assert staff_client.post(f"{page}/change/", {"verb": "never"}).status_code == 403
    assert staff_client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403


def test_an_owner_is_no_operator(alice_client: Client) -> None:
    answer = alice_client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "administrators of the server" in answer.content.decode()


def test_one_signs_in_where_everybody_does(client: Client) -> None:
    User.objects.create_superuser("root@example.org", PASSWORD)
    answer = client.get("/admin/accounts/user/", follow=True)
    address = answer.request["PATH_INFO"] + "?" + answer.request["QUERY_STRING"]
    assert address == "/accounts/login/?next=%2Fadmin%2Faccounts%2Fuser%2F"
    back = client.post(address, {"login": "root@example.org", "password": PASSWORD})
    assert back["Location"] == "/admin/accounts/user/"
    assert client.get(back["Location"]).status_code == 200


@pytest.mark.parametrize("staff", [True, False])
def test_its_own_form_signs_nobody_in(client: Client, cast: Cast, *, staff: bool) -> None:
    """It knew no throttle: neither a stranger nor an operator may guess passwords by it."""
    User.objects.create_superuser("root@example.org", PASSWORD)
    visitor = signed_in(User.objects.get(email="root@example.org")) if staff else client
    before = visitor.session.get("_auth_user_id")
    for password in (PASSWORD, "wrong"):
        typed = {"username": "root@example.org", "password": password}
        answer = visitor.post("/admin/login/", typed)
        assert answer.status_code == 302
    assert visitor.session.get("_auth_user_id") == before


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_it_leads_to_no_other_site(client: Client, staff_client: Client, wanted: str) -> None:
    assert staff_client.get("/admin/login/", {"next": wanted})["Location"] == "/admin/"
    assert client.get("/admin/login/", {"next": wanted})["Location"].endswith("?next=/admin/")


def test_signing_out_and_the_password_are_those_of_everybody(staff_client: Client) -> None:
    assert staff_client.post("/admin/logout/")["Location"] == "/accounts/logout/"
    assert staff_client.get("/admin/password_change/")["Location"] == "/settings/account/password"


def test_it_shows_what_is_read_only_and_nothing_of_libraries() -> None:
    assert all(isinstance(one, ReadOnlyAdmin) for one in admin.site._registry.values())
