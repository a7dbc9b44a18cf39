"""Put images into a group from the group's own page: ticked among those that it lacks."""

from functools import partial
from uuid import UUID

from django.http import HttpResponse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.words import counted
from dashboard.forms.chosen import TickedForm
from dashboard.forms.picking import PickFilter
from dashboard.models import Group
from dashboard.queries.groups import get_group
from dashboard.queries.picking import Wanted, pickable_images
from dashboard.services.errors import AlreadyInExclusiveType, Refused
from dashboard.services.groups import add_images
from dashboard.services.members import Placed
from dashboard.views.rendering import (
    damaged,
    missing_is_404,
    page_or_fragment,
    unusable,
)
from dashboard.views.ticking import put_ticked


@never_cache
@require_http_methods(["GET", "POST"])
@requires("groups.change")
@missing_is_404
def group_images(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Offer the images that are not in the group, and put the ticked ones in."""
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
    return page_or_fragment(request, "dashboard/groups/add_images.html", fragment, context)


def _put_in(request: WorkspaceRequest, shown: Group, wanted: Wanted) -> HttpResponse:
    return put_ticked(
        request,
        shown,
        TickedForm(request.POST),
        put=lambda ids: _told(add_images(group=shown, ids=ids, actor=request.user), shown),
        offer=partial(_offer, request, shown, wanted),
        why=_why,
    )


def _told(placed: Placed, shown: Group) -> str:
    went = counted(placed.added, "image went", "images went")
    already = f"; {placed.already:,} were in it already" if placed.already else ""
    return f"{went} into “{shown}”{already}."


def _why(refusal: Refused) -> str:
    """Name the image as people know it; the sentence of the API names it by its id."""
    if not isinstance(refusal, AlreadyInExclusiveType):
        return str(refusal)
    image, group = refusal.member, refusal.group
    return (
        f"Nothing was changed: “{image}” is in the group “{group}” already, and an image may be "
        f"in one group of the type “{group.similarity_type}” only. Take it out there first."
    )


def _url(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
