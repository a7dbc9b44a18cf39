"""What a person does with the images that they ticked."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.forms.chosen import GroupingForm, TickedForm
from dashboard.services.errors import Refused
from dashboard.services.groups import group_images
from dashboard.services.images import delete_images
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
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _back(request)
    already = f", {placed.already} were in it already" if placed.already else ""
    messages.success(request, f"{placed.added} images went into “{group}”{already}.")
    return _back(request)


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
        messages.success(request, f"{count} images were deleted, and left their groups.")
    return _back(request)


def _back(request: WorkspaceRequest) -> HttpResponse:
    """Go back to the grid with its filter, if the form says which; never to another site."""
    address = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        response = see_other("images")
        response["Location"] = address
        return response
    return see_other("images")
