"""Users and workspaces as the services and the tables keep them."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from accounts.errors import EmailTaken, NoSuchUser
from accounts.journal import record
from accounts.models import Change, Membership, Role, User, Workspace
from accounts.queries import get_user, members_of, memberships_of, workspaces_of
from accounts.services import create_user, create_workspace
from tests.factories import PASSWORD, Cast

pytestmark = pytest.mark.django_db


def test_create_user() -> None:
    user = create_user(email="Dana@Example.ORG", password=PASSWORD, name="Dana")
    assert user.email == "dana@example.org"
    assert get_user("DANA@example.org") == user
    assert user.check_password(PASSWORD)
    assert not user.is_staff


def test_an_address_signs_in_one_person(cast: Cast) -> None:
    with pytest.raises(EmailTaken, match="already exists"):
        create_user(email="alice@Example.org", password=PASSWORD)
    with pytest.raises(IntegrityError):
        User.objects.bulk_create([User(email="ALICE@example.org")])


@pytest.mark.parametrize(("email", "password"), [("dana", PASSWORD), ("d@example.org", "12345678")])
def test_create_user_refuses(email: str, password: str) -> None:
    with pytest.raises(ValidationError):
        create_user(email=email, password=password)
    assert not User.objects.exists()


def test_get_user_raises() -> None:
    with pytest.raises(NoSuchUser, match="There is no account"):
        get_user("nobody@example.org")


def test_create_workspace(cast: Cast) -> None:
    workspace = create_workspace(name="Second", actor=cast.alice)
    assert [member.role for member in members_of(workspace)] == [Role.OWNER]
    row = Change.objects.get(workspace=workspace)
    assert (row.verb, row.noun, row.target_id) == ("created", "workspace", workspace.pk)
    assert (row.actor, row.target_name) == (cast.alice, "Second")


def test_a_workspace_has_one_owner(cast: Cast) -> None:
    with pytest.raises(IntegrityError):
        Membership.objects.filter(user=cast.bob).update(role=Role.OWNER)


def test_a_person_is_in_a_workspace_once(cast: Cast) -> None:
    with pytest.raises(IntegrityError):
        Membership.objects.create(user=cast.bob, workspace=cast.workspace, role=Role.VIEWER)


def test_a_role_is_one_of_four(cast: Cast) -> None:
    with pytest.raises(IntegrityError):
        Membership.objects.filter(user=cast.bob).update(role="ghost")


def test_everybody_sees_their_own_workspaces(cast: Cast) -> None:
    assert list(workspaces_of(cast.bob)) == [cast.workspace]
    assert [row.workspace for row in memberships_of(cast.charlie)] == [cast.elsewhere]
    names = [row.user.name for row in members_of(cast.workspace)]
    assert names == ["Alice", "Ann", "Bob", "Vera"]


def test_an_activity_outlives_its_actor(cast: Cast) -> None:
    row = record(workspace=cast.workspace, verb="added", noun="image", count=3, actor=cast.bob)
    cast.bob.delete()
    row.refresh_from_db()
    assert (row.actor, row.count) == (None, 3)


def test_an_activity_keeps_the_beginning_of_a_long_name(cast: Cast) -> None:
    row = record(
        workspace=cast.workspace, verb="added", noun="image", target_name="x" * 300, actor=None
    )
    assert len(Change.objects.get(pk=row.pk).target_name) == 255


def test_a_workspace_takes_all_that_is_its_own_along(cast: Cast) -> None:
    cast.workspace.delete()
    assert list(Workspace.objects.all()) == [cast.elsewhere]
    assert set(Membership.objects.values_list("user__name", flat=True)) == {"Charlie"}
    assert User.objects.count() == 5
