"""Add images to a group on the group's page, selected among those that are not in it."""

from functools import partial
from uuid import UUID

from django.http import HttpResponse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.forms.picking import PickFilter
from dashboard.forms.selection import PuttingForm
from dashboard.models import Group
from dashboard.queries.library.groups import get_group
from dashboard.queries.library.picking import Wanted, pickable_images
from dashboard.services.errors import AlreadyInExclusiveType, Refused
from dashboard.services.library.groups import add_images
from dashboard.views.asking import ask_about_taken, placed_said
from dashboard.views.library.ticked import Ticks, refused_ticks, ticked_page, why
from dashboard.views.library.ticking import put_in
from dashboard.views.rendering import (
    damaged,
    missing_is_404,
    page_or_fragment,
    unusable,
)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("groups.change")
@missing_is_404
def group_images(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Offer the images that are not in the group, and add the selected ones."""
    shown = get_group(request.workspace, group_id)
    form = PickFilter(request.GET)
    if not form.is_valid():
        return damaged(request, unusable(form, "the group was deleted"))
    if request.method == "POST":
        return _put_in(request, shown, form.wanted())
    return _offer(request, shown, form.wanted(), request.GET.get("cursor", ""))


def _offer(
    request: WorkspaceRequest, shown: Group, wanted: Wanted, cursor: str = ""
) -> HttpResponse:
    found = pickable_images(shown, wanted, cursor)
    query = {name: value for name, value in request.GET.dict().items() if name != "cursor"}
    context = {
        "group": shown,
        "tiles": found.tiles,
        "next_url": _url(request.path, query | {"cursor": found.next}) if found.next else "",
        "here": _url(request.path, query),
        "wanted": wanted,
        "search": wanted.search,
    }
    fragment = "tiles" if cursor else "found"
    return page_or_fragment(request, "dashboard/library/groups/add_images.html", fragment, context)


def _put_in(request: WorkspaceRequest, shown: Group, wanted: Wanted) -> HttpResponse:
    form = PuttingForm(request.POST)
    is_valid = form.is_valid()
    ticks = Ticks(form.ticked(), back=request.get_full_path(), group=shown)
    if "again" in request.POST:
        return ticked_page(request, ticks)
    if not is_valid:
        return refused_ticks(request, ticks, form.first_error())
    try:
        placed = add_images(group=shown, **form.cleaned_data, actor=request.user)
    except AlreadyInExclusiveType:
        return ask_about_taken(request, shown, ticks.ids, target="#found")
    except Refused as refusal:
        return refused_ticks(request, ticks, why(refusal), refusal)
    return put_in(
        request, shown, placed_said(placed, shown), partial(_offer, request, shown, wanted)
    )


def _url(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
