"""Django's admin, for who operates the server: staff only, and nearly all of it to look at."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import include, path

from accounts.models import Activity, ApiToken, User
from tests.factories import PASSWORD, Cast, make_key, signed_in

urlpatterns = [path("admin/", admin.site.urls), path("", include("dashboard.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
NOUNS = ["user", "workspace", "membership", "invitation", "apitoken", "activity"]


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
    row = Activity.objects.earliest("id")
    page = f"/admin/accounts/activity/{row.pk}"
    assert staff_client.post(f"{page}/change/", {"verb": "never"}).status_code == 403
    assert staff_client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403


def test_an_owner_is_no_operator(alice_client: Client) -> None:
    assert alice_client.get("/admin/")["Location"].startswith("/admin/login/")
