"""Groups: what is alike, and what is in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.forms.groups import (
    GroupFilter,
    GroupForm,
    GroupImagesForm,
    NewGroupForm,
    TestGroupForm,
)
from dashboard.models import Group
from dashboard.queries.groups import covers, find_groups, get_group, members_of
from dashboard.queries.image_tiles import Tile, tiles
from dashboard.queries.pages import page
from dashboard.queries.similarity_types import types_in
from dashboard.services.errors import Refused
from dashboard.services.groups import change_group, create_group, mark_group, remove_images
from dashboard.views.rendering import damaged, may, missing_is_404, page_or_fragment, see_other

COVERS = 4
TYPES_SHOWN = 20
FORM_PAGE = "dashboard/form_page.html"


@dataclass(frozen=True)
class GroupCard:
    """A group as a list shows it; `room` is for each cover that it lacks."""

    group: Group
    covers: list[Tile]
    room: range


def group_cards(groups: Sequence[Group]) -> list[GroupCard]:
    """Prepare the groups of a page, each with its newest images."""
    found = covers(groups, COVERS)
    return [
        GroupCard(
            group,
            tiles([member.image for member in found[group.pk]]),
            range(COVERS - len(found[group.pk])),
        )
        for group in groups
    ]


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def groups(request: WorkspaceRequest) -> HttpResponse:
    """List the groups, newest first, of every type or of one, and by a part of the name."""
    form = GroupFilter(request.GET, workspace=request.workspace)
    if not form.is_valid():
        return damaged(request, "This filter is no longer there: its type was deleted.")
    chosen, name = form.cleaned_data["type"], form.cleaned_data["name"]
    rows = find_groups(request.workspace, similarity_type=chosen, name=name)
    found = page(rows, cursor := request.GET.get("cursor", ""))
    context = {
        "cards": group_cards(found.rows),
        "next": found.next,
        "chosen": chosen,
        "name": name,
        "types": types_in(request.workspace).order_by("name", "id")[:TYPES_SHOWN],
        "can_add": may(request, "groups.add"),
    }
    fragment = "rows" if cursor else "found"
    return page_or_fragment(request, "dashboard/groups/list.html", fragment, context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("groups.add")
def group_new(request: WorkspaceRequest) -> HttpResponse:
    """Make a group; `?type=` in the address chooses its type beforehand."""
    form = NewGroupForm(
        request.POST if request.method == "POST" else None,
        workspace=request.workspace,
        initial={"similarity_type": request.GET.get("type")},
    )
    if not form.is_valid():
        return _form_page(request, form, "New group", resolve_url("groups"))
    made = create_group(**form.cleaned_data, actor=request.user)
    messages.success(request, f"The group “{made.name}” is there. Now put images into it.")
    return see_other("group", made.pk)


def _form_page(request: WorkspaceRequest, form: Any, title: str, cancel_url: str) -> HttpResponse:
    context = {"form": form, "pretitle": "Groups", "title": title, "cancel_url": cancel_url}
    return render(request, FORM_PAGE, context, status=422 if form.is_bound else 200)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def group(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Show a group with its images, newest first."""
    shown = get_group(request.workspace, group_id)
    cursor = request.GET.get("cursor", "")
    found = page(members_of(shown), cursor, created="image_created", key="image_id")
    context = {
        "group": shown,
        "members": [(one["id"], one) for one in tiles([row.image for row in found.rows])],
        "next": found.next,
        "can_change": may(request, "groups.change"),
        "can_delete": may(request, "groups.delete"),
    }
    return page_or_fragment(request, "dashboard/groups/group.html", "rows", context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("groups.change")
@missing_is_404
def group_change(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Rename a group or describe it."""
    shown = get_group(request.workspace, group_id)
    initial = {"name": shown.name, "description": shown.description}
    form = GroupForm(request.POST if request.method == "POST" else None, initial=initial)
    if not form.is_valid():
        return _form_page(request, form, "Rename the group", resolve_url("group", shown.pk))
    change_group(group=shown, changes=form.cleaned_data, actor=request.user)
    messages.success(request, "Saved.")
    return see_other("group", shown.pk)


@require_POST
@requires("groups.change")
@missing_is_404
def group_test(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Keep a group back for testing, or give it back to training."""
    shown = get_group(request.workspace, group_id)
    form = TestGroupForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed: the form was incomplete. Press it again.")
        return see_other("group", shown.pk)
    mark_group(group=shown, **form.cleaned_data, actor=request.user)
    kept = "kept back for testing" if shown.test_group else "used for training again"
    messages.success(request, f"The group is {kept}. It counts from the next training on.")
    return see_other("group", shown.pk)


@require_POST
@requires("groups.change")
@missing_is_404
def group_remove_images(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Take the ticked images out of a group; they stay in the workspace."""
    shown = get_group(request.workspace, group_id)
    form = GroupImagesForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        messages.error(request, str(form.errors["images"][0]))
        return see_other("group", shown.pk)
    ids = [image.pk for image in form.cleaned_data["images"]]
    try:
        removed, _ = remove_images(group=shown, ids=ids, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return see_other("group", shown.pk)
    out = "1 image is" if removed == 1 else f"{removed:,} images are"
    messages.success(request, f"{out} out of the group, and still in the workspace.")
    return see_other("group", shown.pk)
