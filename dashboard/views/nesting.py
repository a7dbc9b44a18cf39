"""Put groups into a group, found by name, and take ticked ones out."""

from collections.abc import Iterable
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.words import counted
from dashboard.forms.finding import NameSearch
from dashboard.forms.picking import TickedGroupsForm
from dashboard.models import Group
from dashboard.queries.groups import get_group
from dashboard.queries.picking import pickable_groups
from dashboard.services.errors import Refused
from dashboard.services.nesting import add_groups, remove_groups
from dashboard.views.groups import answer_change
from dashboard.views.rendering import (
    damaged,
    missing_is_404,
    page_or_fragment,
    refused,
    unusable,
)
from dashboard.views.ticking import put_ticked

OFFERED = 20


@never_cache
@require_http_methods(["GET", "POST"])
@requires("groups.change")
@missing_is_404
def group_groups(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Offer the groups that hold a part of a name, and put the ticked ones in."""
    shown = get_group(request.workspace, group_id)
    form = NameSearch(request.GET)
    if not form.is_valid():
        return damaged(request, unusable(form, "the group was deleted"))
    if request.method == "POST":
        return _put_in(request, shown, form.cleaned_data["search"])
    return _offer(request, shown, form.cleaned_data["search"])


def _offer(request: WorkspaceRequest, shown: Group, search: str) -> HttpResponse:
    found = list(pickable_groups(shown, search)[: OFFERED + 1])
    context = {
        "group": shown,
        "offered": found[:OFFERED],
        "has_more": len(found) > OFFERED,
        "search": search,
    }
    fragment = "candidates" if request.htmx.target == "candidates" else "picker"
    return page_or_fragment(request, "dashboard/groups/add_groups.html", fragment, context)


def _put_in(request: WorkspaceRequest, shown: Group, search: str) -> HttpResponse:

    def put(ids: Iterable[UUID]) -> str:
        added, _ = add_groups(group=shown, ids=ids, actor=request.user)
        return f"{counted(added, 'group is', 'groups are')} now in “{shown}”."

    def offer() -> HttpResponse:
        return trigger_client_event(_offer(request, shown, search), "group-changed")

    return put_ticked(request, shown, TickedGroupsForm(request.POST), put=put, offer=offer)


@require_POST
@requires("groups.change")
@missing_is_404
def group_remove_groups(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Take the ticked groups out of a group; they stay in the workspace."""
    shown = get_group(request.workspace, group_id)
    form = TickedGroupsForm(request.POST)
    if not form.is_valid():
        return refused(request, form.first_error(), resolve_url("group", shown.pk))
    try:
        removed, _ = remove_groups(group=shown, ids=form.cleaned_data["ids"], actor=request.user)
    except Refused as refusal:
        return refused(request, str(refusal), resolve_url("group", shown.pk))
    return answer_change(
        request,
        shown,
        f"{counted(removed, 'group is', 'groups are')} out, and still in the workspace.",
    )
