"""Show the events of accounts: of all accounts for operators, of your own for everybody."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.models import AccountEvent
from accounts.sessions import UNKNOWN, device
from dashboard.forms.account_events import AccountEventFilter
from dashboard.queries.workspaces.account_events import events_of, find_events
from dashboard.queries.workspaces.activity import activity_page
from dashboard.views.operators import for_operators
from dashboard.views.rendering import damaged, missing_is_404, page_or_fragment

# The details of a row, in this order, with their labels.
DETAILS = {
    "name": "“{}”",
    "invited": "for {}",
    "role": "as {}",
    "workspace": "in {}",
    "open": "({})",
    "after": "to {}",
    "kind": "({})",
}
KINDS = {"totp": "authenticator app", "recovery_codes": "recovery codes"}


@dataclass(frozen=True)
class Told:
    """One row in words."""

    row: AccountEvent
    details: str
    where: str

    @property
    def by(self) -> str:
        """Return who did it, if that was not the account's owner."""
        actor = self.row.actor
        return actor.email if actor is not None and actor != self.row.user else ""

    @property
    def device(self) -> str:
        """Return a short name of the browser; for a script its user agent."""
        name = device(self.row.agent)
        return self.row.agent if name == UNKNOWN else name


@never_cache
@require_safe
@requires("workspace.view")
@for_operators
@missing_is_404
def account_events(request: WorkspaceRequest) -> HttpResponse:
    """List the events of all accounts, newest first, or those of one person or kind."""
    form = AccountEventFilter(request.GET)
    if not form.is_valid():
        return damaged(request, "This filter does not exist.")
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    rows = find_events(**chosen)
    return _page(request, rows, {"form": form, "is_filtered": bool(chosen)}, chosen)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def own_account_events(request: WorkspaceRequest) -> HttpResponse:
    """List the events of the user's own account."""
    return _page(request, events_of(request.user), {"is_own": True}, {})


def _page(
    request: WorkspaceRequest,
    rows: QuerySet[AccountEvent],
    context: dict[str, Any],
    chosen: dict[str, str],
) -> HttpResponse:
    found = activity_page(rows, request.GET.get("cursor", ""))
    context["told"] = [_told(row) for row in found.rows]
    context["next_url"] = (
        f"{request.path}?{urlencode(chosen | {'cursor': found.next})}" if found.next else ""
    )
    return page_or_fragment(
        request, "dashboard/workspaces/account_events/list.html", "rows", context
    )


def _told(row: AccountEvent) -> Told:
    words = (
        form.format(KINDS.get(str(row.details[key]), row.details[key]))
        for key, form in DETAILS.items()
        if row.details.get(key)
    )
    return Told(row, " ".join(words), _where(row))


def _where(row: AccountEvent) -> str:
    if row.ip:
        return row.ip
    return "many networks" if row.bucket else "on the server"
