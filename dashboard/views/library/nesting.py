"""Add groups, found by name, to a group, and remove selected ones."""

from collections.abc import Collection
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
from dashboard.forms.picking import AskedGroupsForm, TickedGroupsForm
from dashboard.models import Group
from dashboard.queries.library.groups import get_group
from dashboard.queries.library.nesting import groups_inside
from dashboard.queries.library.picking import pickable_groups
from dashboard.services.errors import Refused
from dashboard.services.library.nesting import add_groups, remove_groups
from dashboard.views.asking import ask_to_take_out
from dashboard.views.library.groups import answer_change
from dashboard.views.library.ticked import why
from dashboard.views.library.ticking import put_in
from dashboard.views.rendering import (
    damaged,
    missing_is_404,
    page_or_fragment,
    refused,
    see_other,
    stays,
    unusable,
    wants_fragment,
)

OFFERED = 20
NAMED = 5
TEMPLATE = "dashboard/library/groups/add_groups.html"


@never_cache
@require_http_methods(["GET", "POST"])
@requires("groups.change")
@missing_is_404
def group_groups(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Offer the groups whose name contains a text, and add the selected ones."""
    shown = get_group(request.workspace, group_id)
    form = NameSearch(request.GET)
    if not form.is_valid():
        return damaged(request, unusable(form, "the group was deleted"))
    if request.method == "POST":
        return _put_in(request, shown, form.cleaned_data["search"])
    return _offer(request, shown, form.cleaned_data["search"])


def _offer(
    request: WorkspaceRequest,
    shown: Group,
    search: str,
    ticked: Collection[UUID] = (),
    error: str = "",
) -> HttpResponse:
    """Offer groups; those that were selected when a request was refused come first, selected."""
    rows = pickable_groups(shown, search)
    # Whatever the search: a refusal must not lose the selection.
    kept = list(pickable_groups(shown).filter(pk__in=ticked)) if ticked else []
    found = [one for one in rows[: OFFERED + 1 + len(kept)] if one not in kept]
    context = {
        "group": shown,
        "ticked": kept,
        "offered": found[:OFFERED],
        "has_more": len(found) > OFFERED,
        "search": search,
        "error": error,
    }
    fragment = "candidates" if request.htmx.target == "candidates" else "picker"
    status = 422 if error else 200
    return page_or_fragment(request, TEMPLATE, fragment, context, status=status)


def _put_in(request: WorkspaceRequest, shown: Group, search: str) -> HttpResponse:
    form = TickedGroupsForm(request.POST)
    if not form.is_valid():
        return _refused(request, shown, search, form, form.first_error())
    try:
        added, _ = add_groups(group=shown, ids=form.ticked(), actor=request.user)
    except Refused as refusal:
        return _refused(request, shown, search, form, why(refusal, "group"))

    def offer() -> HttpResponse:
        return trigger_client_event(_offer(request, shown, search), "group-changed")

    return put_in(
        request, shown, f"{counted(added, 'group was', 'groups were')} added to “{shown}”.", offer
    )


def _refused(
    request: WorkspaceRequest, shown: Group, search: str, form: TickedGroupsForm, sentence: str
) -> HttpResponse:
    if wants_fragment(request):
        return stays(sentence)
    return _offer(request, shown, search, form.ticked(), sentence)


@require_POST
@requires("groups.change")
@missing_is_404
def group_remove_groups(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Ask, then remove the selected groups from a group; they are kept in the workspace."""
    shown = get_group(request.workspace, group_id)
    form = AskedGroupsForm(request.POST)
    here = resolve_url("group", shown.pk)
    if "again" in request.POST:
        return see_other(here)
    if not form.is_valid():
        return refused(request, form.first_error(), here)
    inside = groups_inside(shown).filter(pk__in=form.ticked()).order_by("name", "id")
    names = list(inside.values_list("name", flat=True)[:NAMED])
    if names and not form.cleaned_data["asked"]:
        ids, more = form.ticked(), len(form.ticked()) - len(names)
        lines = names + ([f"and {more:,} more"] if more > 0 else [])
        return ask_to_take_out(request, shown, ids, noun="group", lines=lines)
    try:
        removed, _ = remove_groups(group=shown, ids=form.cleaned_data["ids"], actor=request.user)
    except Refused as refusal:
        return refused(request, why(refusal, "group"), here)
    return answer_change(
        request,
        shown,
        f"{counted(removed, 'group was', 'groups were')} removed. The workspace keeps them.",
    )
