"""Apply actions to the selected images."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.words import counted, either
from dashboard.forms.selection import AskedForm, GroupingForm
from dashboard.models import Group
from dashboard.queries.library.containing_groups import containing_groups, present
from dashboard.services.errors import AlreadyInExclusiveType, Refused, SeveralOfThatName
from dashboard.services.library.group_names import group_images
from dashboard.services.library.images import delete_images
from dashboard.views.asking import (
    Answer,
    Question,
    ask,
    ask_about_taken,
    holder_said,
    more_groups,
    placed_said,
    put_question,
)
from dashboard.views.library.bar import remember_type, typed
from dashboard.views.library.group_cards import group_cards
from dashboard.views.library.ticked import Ticks, refused_ticks, ticked_page, why
from dashboard.views.rendering import may, see_other, wants_fragment

CONSEQUENCES = (
    "This cannot be undone. The images are removed from their groups, and their files are "
    "deleted from this server. Versions trained with them do not change."
)

# The values that a question about exclusive types sends again.
KEPT = ("similarity_type", "name", "group", "back")


@never_cache
@require_POST
@requires("groups.change")
def images_group(request: WorkspaceRequest) -> HttpResponse:
    """Add the selected images to a group by its name, which is created if it does not exist."""
    form = GroupingForm(request.POST, workspace=request.workspace)
    is_valid = form.is_valid()
    if used := form.cleaned_data.get("similarity_type"):
        # Even if the form is refused: the type was chosen, and is offered again.
        remember_type(request, used)
    ticks = _ticks(request, form.ticked())
    if "again" in request.POST:
        return ticked_page(request, ticks)
    if not is_valid:
        return refused_ticks(request, ticks, form.first_error())
    try:
        group, placed = group_images(**form.cleaned_data, actor=request.user)
    except SeveralOfThatName as several:
        return _which(request, form.cleaned_data, several.groups)
    except AlreadyInExclusiveType as refusal:
        into = refusal.into or refusal.group
        kept = {name: request.POST.get(name, "") for name in KEPT}
        return ask_about_taken(request, into, ticks.ids, fields=kept)
    except Refused as refusal:
        return refused_ticks(request, ticks, why(refusal), refusal)
    messages.success(request, placed_said(placed, group))
    return _back(request)


def _which(
    request: WorkspaceRequest, sent: dict[str, Any], groups: Sequence[Group]
) -> HttpResponse:
    """Ask which of the groups with this name is meant; the selection is kept in the form."""
    context = {
        "cards": group_cards(groups),
        "name": sent["name"],
        "similarity_type": sent["similarity_type"],
        "ids": sent["ids"],
        "count": either(len(sent["ids"]), "the image", f"the {len(sent['ids']):,} images"),
        "back": request.POST.get("back", ""),
    }
    return put_question(request, "dashboard/library/groups/which.html", context, status=409)


@never_cache
@require_POST
@requires("images.delete")
def images_delete(request: WorkspaceRequest) -> HttpResponse:
    """Ask whether to delete the selected images, then delete them."""
    form = AskedForm(request.POST)
    is_valid = form.is_valid()
    ticks = _ticks(request, form.ticked())
    if "again" in request.POST:
        return ticked_page(request, ticks)
    if not is_valid:
        return refused_ticks(request, ticks, form.first_error())
    if not form.cleaned_data["asked"]:
        return _ask_to_delete(request, ticks)
    try:
        count = delete_images(workspace=request.workspace, ids=ticks.ids, actor=request.user)
    except Refused as refusal:
        return refused_ticks(request, ticks, why(refusal), refusal)
    deleted = counted(count, "image was", "images were")
    messages.success(
        request, f"{deleted} deleted and removed from {either(count, 'its', 'their')} groups."
    )
    return _back(request)


def _ask_to_delete(request: WorkspaceRequest, ticks: Ticks) -> HttpResponse:
    """Say how many are deleted and from which groups; images that no longer exist do not count."""
    ids = present(request.workspace, ticks.ids)
    if not ids:
        return refused_ticks(request, ticks, "The selected images were deleted in the meantime.")
    found = containing_groups(request.workspace, ids)
    lines = [holder_said(one) for one in found.holders]
    if found.more_groups:
        lines.append(f"and in {more_groups(found.more_groups)}")
    if outside := len(ids) - found.count:
        lines.append(f"{outside:,} in no group")
    delete = f"Delete {counted(len(ids), 'image')}"
    kept = {
        name: request.POST.get(name, "")
        for name in ("similarity_type", "name", "back")
        if name in request.POST
    }
    question = Question(
        title=f"{delete}?",
        text=CONSEQUENCES,
        held=found,
        ids=ids,
        action=request.path,
        answers=[Answer("asked", "1", delete, "danger")],
        fields=kept,
        lines=lines,
    )
    return ask(request, question)


def _ticks(request: WorkspaceRequest, ids: Collection[UUID]) -> Ticks:
    return Ticks(
        ids,
        back=_address(request),
        bar=partial(typed, request),
        can_delete=may(request, "images.delete"),
    )


def _back(request: WorkspaceRequest) -> HttpResponse:
    """Redirect to the grid with its filter, if the form has one; never to another site."""
    if wants_fragment(request):
        return HttpResponseClientRedirect(_address(request))
    response = see_other("images")
    response["Location"] = _address(request)
    return response


def _address(request: WorkspaceRequest) -> str:
    address = request.POST.get("back", "")
    # The form comes from the browser: without this it could redirect to another site.
    if url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return address
    return resolve_url("images")
