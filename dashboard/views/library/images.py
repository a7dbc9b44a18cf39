"""Show images: a grid that loads while scrolling, and each image with its details."""

import json
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.files.sizes import readable_size
from dashboard.forms.images import ChosenForm, TestMarkForm
from dashboard.models import Image
from dashboard.queries.library.groups import groups_of_image
from dashboard.queries.library.image_filters import stored
from dashboard.queries.library.image_tiles import ImageFilter, tile_page
from dashboard.queries.library.images import get_image
from dashboard.queries.library.links import image_link
from dashboard.queries.library.similarity_types import types_offered
from dashboard.services.errors import Refused
from dashboard.services.library.images import change_image, delete_images
from dashboard.views.library.bar import bar
from dashboard.views.library.tiles import tile_items
from dashboard.views.rendering import (
    damaged,
    may,
    missing_is_404,
    page_or_fragment,
    see_other,
    unusable,
)

GROUPS_SHOWN = 100


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def images(request: WorkspaceRequest) -> HttpResponse:
    """Show the images, newest first, all of them or those of one filter."""
    chosen = ImageFilter()
    if request.GET.keys() & ChosenForm.base_fields.keys():  # most often the whole grid is shown
        form = ChosenForm(request.GET, workspace=request.workspace)
        if not form.is_valid():
            return damaged(request, unusable(form, "its type or group was deleted"))
        chosen = form.chosen()
    found = tile_page(request.workspace, chosen, request.GET.get("cursor", ""))
    types = SimpleLazyObject(partial(types_offered, request.workspace))  # a fragment needs none
    context = {
        "tiles": found.tiles,
        "items": tile_items(found.tiles, can_tick=may(request, "groups.change")),
        "next_url": _next_url(request, found.next),
        "chosen": chosen,
        "extract": partial(_address, chosen),
        "types": types,
        "bar": SimpleLazyObject(lambda: bar(request, chosen, list(types))),
        "can_add": may(request, "images.add"),
        "can_change": may(request, "groups.change"),
        "can_delete": may(request, "images.delete"),
    }
    fragment = "found" if request.htmx.target == "found" else "tiles"
    return page_or_fragment(request, "dashboard/library/images/list.html", fragment, context)


def _address(chosen: ImageFilter) -> str:
    """Return the filters as a query string; fragments never use it."""
    return urlencode(stored(chosen))


def _next_url(request: WorkspaceRequest, cursor: str) -> str:
    """Return the URL of the next page, with the same filter."""
    if not cursor:
        return ""
    return f"{request.path}?{urlencode({**request.GET.dict(), 'cursor': cursor})}"


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def image(request: WorkspaceRequest, image_id: UUID) -> HttpResponse:
    """Show one image with its details."""
    shown = get_image(request.workspace, image_id)
    # One more than is shown indicates that there are more.
    groups = list(groups_of_image(shown)[: GROUPS_SHOWN + 1])
    context = {
        "image": shown,
        "name": shown.file_name or "Unnamed image",
        "link": image_link(shown),
        "size": readable_size(shown.file_size),
        "groups": groups[:GROUPS_SHOWN],
        "has_more_groups": len(groups) > GROUPS_SHOWN,
        "bar": bar(request) if may(request, "groups.change") else None,
        "meta_data": _pretty(shown),
        "consequences": _consequences(len(groups)),
        "can_change": may(request, "images.change"),
        "can_delete": may(request, "images.delete"),
    }
    return render(request, "dashboard/library/images/image.html", context)


def _pretty(shown: Image) -> str:
    if not shown.meta_data:
        return ""
    return json.dumps(shown.meta_data, indent=2, ensure_ascii=False)


def _consequences(groups: int) -> str:
    """Return what deleting the image does."""
    if groups > GROUPS_SHOWN:
        leaves = f"It is removed from more than {GROUPS_SHOWN} groups"
    else:
        leaves = {0: "It is in no group", 1: "It is removed from its group"}.get(
            groups, f"It is removed from its {groups} groups"
        )
    return (
        f"{leaves}, and its file is deleted from this server. Versions trained with it do not "
        "change. You can upload the same file again; it is then in no group."
    )


@require_POST
@requires("images.change")
@missing_is_404
def image_test(request: WorkspaceRequest, image_id: UUID) -> HttpResponse:
    """Set or remove the test mark of an image."""
    shown = get_image(request.workspace, image_id)
    form = TestMarkForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed: the form was incomplete. Try again.")
        return see_other("image", shown.id)
    change_image(image=shown, changes=form.cleaned_data, actor=request.user)
    kept = "marked as a test image" if shown.test_image else "no longer a test image"
    messages.success(request, f"The image is {kept}.")
    return see_other("image", shown.id)


@require_POST
@requires("images.delete")
@missing_is_404
def image_delete(request: WorkspaceRequest, image_id: UUID) -> HttpResponse:
    """Delete one image."""
    shown = get_image(request.workspace, image_id)
    try:
        delete_images(workspace=request.workspace, ids=[shown.id], actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"“{shown.file_name or 'The image'}” was deleted.")
    return see_other("images")
