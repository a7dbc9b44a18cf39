"""May this key do that here? The API's side of `accounts.access`."""

from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Subquery
from django.http import Http404
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.access import READ_SCOPE, check
from accounts.models import ApiToken, Scope, User, Workspace
from accounts.queries import find_membership

if TYPE_CHECKING:  # rest_framework.views reads its settings, which name this file
    from rest_framework.views import APIView

NONE_GIVEN = (None, "", "Default")


class RoleAllows(BasePermission):
    """Let in whoever has a working key; each method then asks for a workspace and an action."""

    def has_permission(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002
        """Say that somebody is there. Raises `NotAuthenticated`."""
        if request.auth is None:
            raise NotAuthenticated("Send an API token in the header “Authorization: Token …”.")
        return True


def allow(request: Request, workspace_id: UUID | Subquery, action: str) -> Workspace:
    """Return the workspace if the key's user may do the action there and the key's scope lets it.

    404 for a workspace that the user is no member of, 403 for a role or scope too low.
    """
    found = find_membership(cast("User", request.user), workspace_id)
    if found is None and isinstance(workspace_id, Subquery):  # nobody spoke of a workspace
        raise Http404("Not found.")
    membership = check(found, action)
    if action not in READ_SCOPE:
        refuse_key_that_reads(request)
    return membership.workspace


def refuse_key_that_reads(request: Request) -> None:
    """Raise `PermissionDenied` for a key of the scope “read”."""
    if cast("ApiToken", request.auth).scope == Scope.READ:
        raise PermissionDenied("This API token can only read: make one with the scope “write”.")


def workspace_named(request: Request) -> UUID | None:
    """Return the workspace that the URL or the body names; None if neither does."""
    named = request.query_params.get("workspace")
    if named in NONE_GIVEN and isinstance(request.data, dict):
        named = request.data.get("workspace")
    if named in NONE_GIVEN:
        return None
    try:
        return UUID(str(named))
    except ValueError as error:
        raise Http404("There is no such workspace.") from error


def workspace_for(request: Request, action: str) -> Workspace:
    """Return the named workspace, or else the token's default one, if it allows the action."""
    return allow(
        request, workspace_named(request) or cast("ApiToken", request.auth).workspace_id, action
    )
