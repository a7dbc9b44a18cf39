"""The table of roles and actions, and the gate that reads it."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from accounts.access import ALLOWED, READ_SCOPE, check, is_allowed, requires
from accounts.http import WorkspaceRequest
from accounts.models import Membership, Role
from accounts.queries import find_membership
from tests.factories import Cast

RANK = [Role.VIEWER, Role.EDITOR, Role.ADMIN, Role.OWNER]
# Written down a second time, on purpose: the lowest role that may do it.
LOWEST = {
    "workspace.view": Role.VIEWER,
    "descriptors.extract": Role.VIEWER,
    "search.run": Role.VIEWER,
    "tokens.own": Role.VIEWER,
    "images.add": Role.EDITOR,
    "images.change": Role.EDITOR,
    "images.delete": Role.EDITOR,
    "types.add": Role.EDITOR,
    "types.change": Role.EDITOR,
    "types.delete": Role.EDITOR,
    "groups.add": Role.EDITOR,
    "groups.change": Role.EDITOR,
    "groups.delete": Role.EDITOR,
    "objects.change": Role.EDITOR,
    "verifications.own": Role.EDITOR,
    "verifications.all": Role.ADMIN,
    "tasks.add": Role.EDITOR,
    "tasks.change": Role.EDITOR,
    "tasks.delete": Role.EDITOR,
    "tasks.train": Role.EDITOR,
    "collections.add": Role.EDITOR,
    "collections.change": Role.EDITOR,
    "collections.delete": Role.EDITOR,
    "connections.own": Role.VIEWER,
    "connections.manage": Role.ADMIN,
    "webhooks.manage": Role.ADMIN,
    "jobs.cancel": Role.EDITOR,
    "jobs.retry": Role.EDITOR,
    "members.manage": Role.ADMIN,
    "tokens.all": Role.ADMIN,
    "versions.produce": Role.ADMIN,
    "versions.delete": Role.ADMIN,
    "workspace.change": Role.ADMIN,
    "workspace.protect": Role.ADMIN,
    "workspace.transfer": Role.ADMIN,
    "workspace.delete": Role.OWNER,
    "workspace.hand_over": Role.OWNER,
}
WHO = {"vera": Role.VIEWER, "bob": Role.EDITOR, "ann": Role.ADMIN, "alice": Role.OWNER}


@pytest.mark.parametrize("role", RANK)
@pytest.mark.parametrize("action", LOWEST)
def test_it_works(role: Role, action: str) -> None:
    assert is_allowed(role, action) == (RANK.index(role) >= RANK.index(LOWEST[action]))


def test_every_action_is_in_this_test() -> None:
    assert frozenset().union(*ALLOWED.values()) == LOWEST.keys()


def test_every_role_has_a_row() -> None:
    assert set(ALLOWED) == set(Role)


def test_an_unknown_role_may_do_nothing() -> None:
    assert not is_allowed("ghost", "workspace.view")


def test_an_unknown_action_is_a_bug() -> None:
    with pytest.raises(ValueError, match=r"images\.paint"):
        is_allowed(Role.OWNER, "images.paint")


def test_a_key_that_reads_writes_nothing() -> None:
    assert {"workspace.view", "descriptors.extract", "search.run"} == READ_SCOPE


def test_check_lets_through(cast: Cast) -> None:
    for name, role in WHO.items():
        membership = find_membership(getattr(cast, name), cast.workspace.pk)
        assert check(membership, "workspace.view").role == role


def test_check_hides_the_workspace_from_a_stranger(cast: Cast) -> None:
    assert find_membership(cast.charlie, cast.workspace.pk) is None
    with pytest.raises(Http404):
        check(None, "workspace.view")


def test_check_tells_a_member_why_not(cast: Cast) -> None:
    membership = find_membership(cast.vera, cast.workspace.pk)
    with pytest.raises(PermissionDenied, match="Your role in this workspace is viewer; ask a work"):
        check(membership, "images.add")


def test_a_switched_off_account_is_a_stranger(cast: Cast) -> None:
    cast.vera.is_active = False
    cast.vera.save()
    assert find_membership(cast.vera, cast.workspace.pk) is None


@requires("images.add")
def page(request: WorkspaceRequest) -> HttpResponse:
    return HttpResponse("in")


def asked(user: object, membership: Membership | None) -> HttpResponse:
    request = RequestFactory().get("/images/?page=2")
    request.user, request.membership = user, membership  # type: ignore
    return page(request)


def test_a_page_lets_an_editor_in(cast: Cast) -> None:
    assert asked(cast.bob, find_membership(cast.bob, cast.workspace.pk)).content == b"in"


def test_a_page_refuses_a_viewer(cast: Cast) -> None:
    with pytest.raises(PermissionDenied):
        asked(cast.vera, find_membership(cast.vera, cast.workspace.pk))


def test_a_page_is_not_there_for_who_has_no_workspace(cast: Cast) -> None:
    with pytest.raises(Http404):
        asked(cast.charlie, None)


def test_a_page_sends_to_sign_in() -> None:
    answer = asked(AnonymousUser(), None)
    assert answer["Location"] == "/accounts/login/?next=/images/%3Fpage%3D2"
