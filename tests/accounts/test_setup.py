"""The one-time set-up: the first account of an installation."""

import pytest
from django.contrib.auth import get_user
from django.test import Client

from accounts import setup_key
from accounts.errors import AlreadySetUp
from accounts.models import Change, Membership, Role, User, Workspace
from dashboard.services.workspaces.workspaces import open_installation
from tests.factories import PASSWORD, Cast

pytestmark = pytest.mark.django_db
TYPED = {"email": "Dana@Example.org", "password": PASSWORD, "name": "Dana’s shop"}


def address(key: str | None = None) -> str:
    return f"/setup?key={setup_key.current() if key is None else key}"


def test_it_works(client: Client) -> None:
    assert client.get(address()).status_code == 200
    answer = client.post(address(), TYPED)
    assert answer.status_code == 302
    assert answer["Location"] == "/"
    user = User.objects.get()
    assert get_user(client) == user
    assert user.email == "dana@example.org"
    assert user.check_password(PASSWORD)
    owned = Membership.objects.get(user=user)
    assert (owned.role, owned.workspace.name) == (Role.OWNER, "Dana’s shop")


def test_it_leaves_an_activity_row(client: Client) -> None:
    client.post(address(), TYPED)
    row = Change.objects.get()
    assert (row.verb, row.noun, row.actor) == ("created", "workspace", User.objects.get())


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("key", ["", "wrong", "ключ", "a" * 10_000])
def test_without_the_right_key_it_says_where_to_find_it(
    client: Client, key: str, method: str
) -> None:
    answer = getattr(client, method)(address(key), TYPED)
    assert answer.status_code == 403
    assert "accounts/setup_needed.html" in [template.name for template in answer.templates]
    assert not User.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_key_is_spent_once_anybody_exists(client: Client, cast: Cast, method: str) -> None:
    before = User.objects.count()
    answer = getattr(client, method)(address(), TYPED)
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/"
    assert User.objects.count() == before


def test_two_at_once_make_one_installation(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page looked before the other one was done; the service looks again."""
    open_installation(email="first@example.org", password=PASSWORD, name="First")
    monkeypatch.setattr("dashboard.views.setup.has_users", lambda: False)
    answer = client.post(address(), TYPED)
    assert answer["Location"] == "/accounts/login/"
    assert User.objects.count() == Workspace.objects.count() == 1


def test_the_service_refuses_a_second_time(cast: Cast) -> None:
    with pytest.raises(AlreadySetUp):
        open_installation(email="dana@example.org", password=PASSWORD, name="Dana’s shop")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", ""),
        ("email", "nobody"),
        ("password", ""),
        ("password", "password"),
        ("password", "12345678901"),
        ("password", "dana@example.org"),
        ("name", "  "),
        ("name", "x" * 151),
    ],
)
def test_what_is_wrong_stands_beside_its_field(client: Client, field: str, value: str) -> None:
    answer = client.post(address(), TYPED | {field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not User.objects.exists()


def test_the_password_is_not_sent_back(client: Client) -> None:
    answer = client.post(address(), TYPED | {"name": ""})
    assert PASSWORD not in answer.content.decode()


def test_the_key_belongs_to_the_installation(settings: object) -> None:
    key = setup_key.current()
    assert setup_key.is_valid(key)
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]
    assert not setup_key.is_valid(key)
