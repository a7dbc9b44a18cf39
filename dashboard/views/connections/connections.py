"""Connections to other servers: add, connect with your own account, check, disconnect, remove."""

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import check, requires
from accounts.http import WorkspaceRequest
from accounts.models import Membership, Role, Scope
from dashboard.forms.connections import ConnectionForm, ConnectionTokenForm
from dashboard.models import Connection, ConnectionToken
from dashboard.queries.connections.connections import (
    connected_members,
    connections_in,
    get_connection,
    own_tokens,
)
from dashboard.services.connections.connections import (
    add_connection,
    check_token,
    delete_token,
    remove_connection,
    set_token,
)
from dashboard.services.errors import Refused
from dashboard.views.rendering import form_page, may, missing_is_404, see_other

PAGE = "dashboard/connections/list.html"
MANAGE = "connections.manage"
# What a role on the other server allows, if it has our roles.
ALLOWS = {
    Role.VIEWER: "view, search and extract embeddings",
    Role.EDITOR: "also change images, groups, types and tasks, and train",
    Role.ADMIN: "also manage members and production versions",
    Role.OWNER: "everything",
}
READ_ONLY = "view, search and extract embeddings, because the token is read-only"
NOT_SAID = "the server does not say"
SHOWN = 100  # workspaces of an account


@dataclass(frozen=True)
class OtherWorkspace:
    """A workspace on the other server, and what the token allows there."""

    name: str
    role: str
    allows: str


@dataclass(frozen=True)
class ConnectionRow:
    """A connection, the member's own token for it, and the names of those who have one."""

    connection: Connection
    token: ConnectionToken | None
    members: list[str]

    @property
    def account(self) -> str:
        """Return whose account it is on the other server."""
        token = self.token
        return (token.account_name or token.account_email or "your account") if token else ""

    @property
    def workspaces(self) -> list[OtherWorkspace]:
        """Return the workspaces that the token gives access to."""
        token = self.token
        return [_said(one, token.scope) for one in token.workspaces[:SHOWN]] if token else []

    @property
    def more(self) -> int:
        """Return how many workspaces are not shown."""
        return max(0, len(self.token.workspaces) - SHOWN) if self.token else 0


def _said(workspace: dict[str, str], scope: str) -> OtherWorkspace:
    role = workspace["role"]
    allows = ALLOWS.get(cast("Role", role), NOT_SAID)
    if scope == Scope.READ:
        allows = READ_ONLY
    return OtherWorkspace(workspace["name"], role or NOT_SAID, allows)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("connections.own")
def connections(request: WorkspaceRequest) -> HttpResponse:
    """List the connections; an admin adds one."""
    if request.method != "POST":
        return _page(request, ConnectionForm())
    check(request.membership, MANAGE)
    form = ConnectionForm(request.POST)
    if form.is_valid():
        try:
            made = add_connection(
                workspace=request.workspace, url=form.cleaned_data["url"], actor=request.user
            )
        except Refused as refusal:
            form.add_error("url", str(refusal))
        else:
            return see_other("connection-token", made.pk)
    return _page(request, form, status=422)


def _page(request: WorkspaceRequest, form: ConnectionForm, status: int = 200) -> HttpResponse:
    tokens = own_tokens(_member(request))
    members = connected_members(request.workspace)
    rows = [
        ConnectionRow(one, tokens.get(one.pk), members.get(one.pk, []))
        for one in connections_in(request.workspace)
    ]
    context = {"rows": rows, "form": form, "may_manage": may(request, MANAGE)}
    return render(request, PAGE, context, status=status)


@never_cache
@sensitive_post_parameters("token")
@require_http_methods(["GET", "POST"])
@requires("connections.own")
@missing_is_404
def connection_token(request: WorkspaceRequest, connection_id: UUID) -> HttpResponse:
    """Connect with your own account: its API token is tried, then kept."""
    connection = get_connection(request.workspace, connection_id)
    form = ConnectionTokenForm(request.POST or None)
    if form.is_valid():
        try:
            token = set_token(
                connection=connection,
                membership=_member(request),
                secret=form.cleaned_data["token"],
                actor=request.user,
            )
        except Refused as refusal:
            form.add_error("token", str(refusal))
        else:
            account = ConnectionRow(connection, token, []).account
            messages.success(request, f"You are connected to {connection} as {account}.")
            return see_other("connections")
    return form_page(
        request,
        form,
        f"Connect to {connection}",
        under="Connections",
        cancel_url=reverse("connections"),
    )


@require_POST
@requires("connections.own")
@missing_is_404
def connection_check(request: WorkspaceRequest, connection_id: UUID) -> HttpResponse:
    """Ask the other server about your token again."""
    connection = get_connection(request.workspace, connection_id)
    try:
        token = check_token(connection=connection, membership=_member(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        if token.problem:
            messages.error(request, token.problem)
        else:
            messages.success(request, f"Your token for {connection} works.")
    return see_other("connections")


@require_POST
@requires("connections.own")
@missing_is_404
def connection_disconnect(request: WorkspaceRequest, connection_id: UUID) -> HttpResponse:
    """Delete your token for a connection."""
    connection = get_connection(request.workspace, connection_id)
    try:
        delete_token(connection=connection, membership=_member(request), actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Your API token for {connection} was deleted.")
    return see_other("connections")


@require_POST
@requires(MANAGE)
@missing_is_404
def connection_remove(request: WorkspaceRequest, connection_id: UUID) -> HttpResponse:
    """Remove a connection with everyone's tokens."""
    connection = get_connection(request.workspace, connection_id)
    try:
        remove_connection(connection=connection, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The connection to {connection} was removed.")
    return see_other("connections")


def _member(request: WorkspaceRequest) -> Membership:
    """Return the membership that `requires` has checked."""
    return cast("Membership", request.membership)
