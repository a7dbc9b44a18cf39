"""Check what an API token may do: the API's side of `accounts.access`."""

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Subquery
from django.http import Http404
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.access import READ_SCOPE, check, is_allowed, may_somewhere
from accounts.models import ApiToken, Scope, User, Workspace
from accounts.queries import find_membership
from dashboard.api.bodies import body_of, has_body

if TYPE_CHECKING:  # rest_framework.views reads its settings, which name this file
    from rest_framework.views import APIView

NONE_GIVEN = (None, "", "Default")


class RoleAllows(BasePermission):
    """Requires a valid token; each method then checks a workspace and an action."""

    def has_permission(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002
        """Return True for an authenticated request. Raises `NotAuthenticated`."""
        if request.auth is None:
            raise NotAuthenticated("Send an API token in the header “Authorization: Token …”.")
        return True


def allow(request: Request, workspace_id: UUID | Subquery, action: str) -> Workspace:
    """Return the workspace if the role of the token's user and the token's scope allow the action.

    404 for a workspace that the user is not a member of, 403 for a role or scope too low.
    """
    found = find_membership(cast("User", request.user), workspace_id)
    if found is None and isinstance(workspace_id, Subquery):  # no workspace was named
        raise Http404("Not found.")
    membership = check(found, action)
    if action not in READ_SCOPE:
        refuse_key_that_reads(request)
    return membership.workspace


def refuse_key_that_reads(request: Request) -> None:
    """Raise `PermissionDenied` for an API token with the scope “read”."""
    if cast("ApiToken", request.auth).scope == Scope.READ:
        raise PermissionDenied("This API token is read-only. Create one with the scope “write”.")


def named_in_query(request: Request) -> UUID | None:
    """Return the workspace that the URL names, or None."""
    return _id_of(request.query_params.get("workspace"))


def named_in_body(request: Request) -> UUID | None:
    """Return the workspace that the body names, which is read, or None."""
    return _id_of(body_of(request).get("workspace"))


def _id_of(named: Any) -> UUID | None:
    if named in NONE_GIVEN:
        return None
    try:
        return UUID(str(named))
    except ValueError as error:
        raise Http404("This workspace does not exist, or you are not a member of it.") from error


def workspace_for(request: Request, action: str) -> Workspace:
    """Return the named workspace, or else the token's default one, if it allows the action.

    A body is read afterwards; if it names the workspace, only once it is known that the user may do
    the action in some workspace.
    """
    named = named_in_query(request)
    default = cast("ApiToken", request.auth).workspace_id
    if named is not None or not has_body(request):
        workspace = allow(request, named or default, action)
        if has_body(request):
            body_of(request)
        return workspace
    found = find_membership(cast("User", request.user), default)
    # The body may name a workspace where the user may do it; a user who may do it nowhere is
    # refused before megabytes are read.
    if found is None or not is_allowed(found.role, action):
        refuse_who_may_nowhere(request, action)
    if action not in READ_SCOPE:
        refuse_key_that_reads(request)
    named = named_in_body(request)
    # Only now may the body be read.
    if named not in (None, default):
        return allow(request, named, action)
    return check(found, action).workspace


def refuse_who_may_nowhere(request: Request, action: str) -> None:
    """Raise the default workspace's refusal if the user may do the action in no workspace."""
    if not may_somewhere(cast("User", request.user), action):
        allow(request, cast("ApiToken", request.auth).workspace_id, action)


def check_named(request: Request, action: str) -> None:
    """Refuse a user who may not do the action in the named workspace, or without one in any."""
    named = named_in_query(request)
    if named is None:
        refuse_who_may_nowhere(request, action)
        named = named_in_body(request)
    if named is not None:
        allow(request, named, action)
