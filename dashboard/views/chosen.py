"""What a person does with the images that they ticked."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.words import counted, either
from dashboard.forms.chosen import GroupingForm, TickedForm
from dashboard.models import Group
from dashboard.services.errors import Refused, SeveralOfThatName
from dashboard.services.group_names import group_images
from dashboard.services.images import delete_images
from dashboard.views.group_cards import group_cards
from dashboard.views.rendering import see_other


@require_POST
@requires("groups.change")
def images_group(request: WorkspaceRequest) -> HttpResponse:
    """Put the ticked images into a group by its name, made if there is none of that name."""
    form = GroupingForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        messages.error(request, form.first_error())
        return _back(request)
    try:
        group, placed = group_images(**form.cleaned_data, actor=request.user)
    except SeveralOfThatName as several:
        return _which(request, form.cleaned_data, several.groups)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _back(request)
    went = counted(placed.added, "image")
    already = either(placed.already, "1 was", f"{placed.already:,} were")
    already = f"; {already} in it already" if placed.already else ""
    messages.success(request, f"{went} went into “{group}”{already}.")
    return _back(request)


def _which(
    request: WorkspaceRequest, sent: dict[str, Any], groups: Sequence[Group]
) -> HttpResponse:
    """Ask which of the groups of that name is meant; what was ticked comes along."""
    context = {
        "cards": group_cards(groups),
        "name": sent["name"],
        "similarity_type": sent["similarity_type"],
        "ids": sent["ids"],
        "count": either(len(sent["ids"]), "the image", f"the {len(sent['ids']):,} images"),
        "back": _back(request)["Location"],
    }
    return render(request, "dashboard/groups/which.html", context, status=409)


@require_POST
@requires("images.delete")
def images_delete(request: WorkspaceRequest) -> HttpResponse:
    """Delete the ticked images."""
    form = TickedForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.first_error())
        return _back(request)
    try:
        count = delete_images(
            workspace=request.workspace, ids=form.cleaned_data["ids"], actor=request.user
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        deleted = counted(count, "image was", "images were")
        messages.success(
            request, f"{deleted} deleted, and left {either(count, 'its', 'their')} groups."
        )
    return _back(request)


def _back(request: WorkspaceRequest) -> HttpResponse:
    """Go back to the grid with its filter, if the form says which; never to another site."""
    address = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        response = see_other("images")
        response["Location"] = address
        return response
    return see_other("images")
