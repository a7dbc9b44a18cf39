"""A workspace that lets its admins and owners in with a second factor only."""

import base64
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Change, Membership, Role, User, Workspace
from accounts.second_factors import turn_off, turn_on
from dashboard.services.workspaces.workspaces import open_workspace
from tests.accounts.totp import code_of
from tests.factories import PASSWORD, Cast, api_client, make_job, signed_in

PAGE = "/settings/workspace/second-factor"
NEW = "/settings/account/second-factor/new"
SECRET = base64.b32encode(b"twenty bytes of it !").decode()


def give_factor(user: User) -> None:
    turn_on(secret=SECRET, code=code_of(SECRET, -1), actor=user)


@pytest.fixture
def wanted(cast: Cast) -> Workspace:
    """Let Alice, who has a second factor, require one in her workspace."""
    give_factor(cast.alice)
    assert signed_in(cast.alice).post(PAGE, {"required": "on"}).status_code == 302
    cast.workspace.refresh_from_db()
    assert cast.workspace.second_factor_required
    return cast.workspace


def test_it_works(cast: Cast, wanted: Workspace) -> None:
    assert signed_in(cast.alice).get("/images/").status_code == 200
    ann = signed_in(cast.ann)
    assert ann.get("/images/?test=1")["Location"] == f"{NEW}?next=/images/%3Ftest%3D1"
    page = ann.get(f"{NEW}?next=/images/").content.decode()
    assert "Alice’s shop requires a second factor" in page
    give_factor(cast.ann)
    assert ann.get("/images/").status_code == 200


def test_it_leaves_a_row(cast: Cast, wanted: Workspace) -> None:
    row = Change.objects.filter(noun="second factor").get()
    assert (row.verb, row.actor, row.workspace) == ("required", cast.alice, wanted)
    alice = signed_in(cast.alice)
    assert alice.get("/activity/").status_code == 200
    alice.post(PAGE, {"required": "on"})
    alice.post(PAGE)
    verbs = Change.objects.filter(noun="second factor").order_by("id")
    assert [one.verb for one in verbs] == ["required", "no longer required"]
    assert signed_in(cast.ann).get("/images/").status_code == 200


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_who_is_no_admin_is_not_asked(cast: Cast, wanted: Workspace, name: str) -> None:
    user = getattr(cast, name)
    assert signed_in(user).get("/images/").status_code == 200
    assert api_client(user).get("/similarity/training/v2/type/").status_code == 200


def test_who_becomes_an_admin_is_asked(cast: Cast, wanted: Workspace) -> None:
    Membership.objects.filter(user=cast.bob).update(role=Role.ADMIN)
    assert signed_in(cast.bob).get("/images/")["Location"].startswith(NEW)


def test_tokens_wait_too(cast: Cast, wanted: Workspace) -> None:
    client = api_client(cast.ann)
    answer = client.get("/similarity/training/v2/type/")
    assert answer.status_code == 403
    assert "requires a second factor" in str(answer.data)
    give_factor(cast.ann)
    assert client.get("/similarity/training/v2/type/").status_code == 200


def test_other_workspaces_go_on(cast: Cast, wanted: Workspace) -> None:
    own = open_workspace(name="Ann’s own", actor=cast.ann)
    ann = signed_in(cast.ann)
    assert ann.get("/")["Location"].startswith(NEW)
    assert "Ann’s own" in ann.get(NEW).content.decode()
    assert ann.post("/settings/workspace", {"workspace": str(own.pk)}).status_code == 302
    assert ann.get("/images/").status_code == 200
    assert api_client(cast.ann).get(
        f"/similarity/training/v2/type/?workspace={own.pk}"
    ).status_code in (200, 403)


def test_the_page_that_leads_there_tells_nothing_of_the_workspace(
    cast: Cast, wanted: Workspace
) -> None:
    until = timezone.now() + timedelta(hours=1)
    make_job(
        wanted, title="Upload of secret.zip", state="running", owner="worker", lease_until=until
    )
    assert "secret.zip" in signed_in(cast.alice).get("/settings/account").content.decode()
    for address in (NEW, "/settings/account"):
        assert "secret.zip" not in signed_in(cast.ann).get(address).content.decode()


@pytest.mark.parametrize(
    ("headers", "status", "header"),
    [({"HX-Request": "true"}, 200, "HX-Redirect"), ({"Accept": "application/json"}, 403, "")],
)
def test_scripts_are_led_there_too(
    cast: Cast, wanted: Workspace, headers: dict[str, str], status: int, header: str
) -> None:
    answer = signed_in(cast.ann).get("/images/", headers=headers)
    assert answer.status_code == status
    assert answer.get(header, NEW).startswith(NEW)


def test_setting_it_up_leads_back(cast: Cast, wanted: Workspace) -> None:
    ann = signed_in(cast.ann)
    page = ann.get(f"{NEW}?next=/images/").content.decode()
    found = {
        name: re.search(pattern, page)
        for name, pattern in (
            ("secret", r'id="secret"[^>]*>([A-Z2-7 ]+)<'),
            ("sealed", r'name="sealed" value="([^"]+)"'),
        )
    }
    assert found["secret"] is not None
    assert found["sealed"] is not None
    typed = {
        "sealed": found["sealed"][1],
        "code": code_of(found["secret"][1]),
        "current": PASSWORD,
        "next": "/images/",
    }
    answer = ann.post(NEW, typed).content.decode()
    assert 'href="/images/"' in answer
    assert ann.get("/images/").status_code == 200


# Nobody locks themselves out


def test_who_has_none_cannot_require_it(cast: Cast) -> None:
    answer = signed_in(cast.alice).post(PAGE, {"required": "on"}, follow=True)
    assert "Set up yours" in answer.content.decode()
    cast.workspace.refresh_from_db()
    assert not cast.workspace.second_factor_required
    assert not Change.objects.filter(noun="second factor").exists()


def test_who_turns_it_off_is_warned_and_can_set_it_up_again(cast: Cast, wanted: Workspace) -> None:
    alice = signed_in(cast.alice)
    page = alice.get("/settings/account/second-factor/off").content.decode()
    assert "Alice’s shop requires a second factor" in page
    turn_off(user=cast.alice)
    assert alice.get("/")["Location"].startswith(NEW)
    give_factor(cast.alice)
    assert alice.get("/").status_code == 200


def test_the_settings_say_whom_it_would_stop(cast: Cast) -> None:
    give_factor(cast.alice)
    page = signed_in(cast.alice).get("/settings/").content.decode()
    assert re.search(r"Without a second factor at the moment: <span[^>]*>Ann</span>\.", page)
    assert "factor_form" not in signed_in(cast.vera).get("/settings/").content.decode()


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_a_lower_role_cannot_change_it(cast: Cast, wanted: Workspace, name: str) -> None:
    assert signed_in(getattr(cast, name)).post(PAGE).status_code == 403
    wanted.refresh_from_db()
    assert wanted.second_factor_required


def test_an_admin_without_one_cannot_lift_it(cast: Cast, wanted: Workspace) -> None:
    assert signed_in(cast.ann).post(PAGE)["Location"].startswith(NEW)
    wanted.refresh_from_db()
    assert wanted.second_factor_required


def test_a_form_from_elsewhere_is_refused(cast: Cast, wanted: Workspace) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.alice)
    assert strict.post(PAGE).status_code == 403
