"""Show and change groups and their members."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.words import counted
from dashboard.forms.groups import (
    GroupFilter,
    GroupForm,
    NamesForm,
    NewGroupForm,
    TestGroupForm,
)
from dashboard.forms.selection import AskedForm
from dashboard.models import Group
from dashboard.queries.library.containing_groups import containing_groups, present
from dashboard.queries.library.groups import find_groups, get_group, members_of, names_like
from dashboard.queries.library.image_tiles import tiles
from dashboard.queries.library.nesting import groups_around, groups_inside
from dashboard.queries.library.similarity_types import types_in
from dashboard.queries.pages import page
from dashboard.services.errors import NameTaken, Refused
from dashboard.services.library.group_names import create_named_group, rename_group
from dashboard.services.library.groups import mark_group, remove_images
from dashboard.views.asking import ask_to_take_out
from dashboard.views.library.group_cards import group_cards
from dashboard.views.library.ticked import Ticks, refused_ticks, ticked_page, why
from dashboard.views.listing import Listing, list_page
from dashboard.views.naming import taken_words
from dashboard.views.renaming import Named, rename
from dashboard.views.rendering import (
    damaged,
    form_page,
    may,
    missing_is_404,
    page_or_fragment,
    see_other,
    unusable,
    wants_fragment,
    with_flash,
)

GROUPS = Listing(
    "group",
    "Groups",
    "dashboard/library/groups",
    tiles=True,
    above="dashboard/library/groups/chips.html",
)
PARENTS_SHOWN = 20
TYPES_SHOWN = 20
GROUP_PAGE = "dashboard/library/groups/group.html"


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def groups(request: WorkspaceRequest) -> HttpResponse:
    """List the groups, newest first, of every type or of one, and by a part of the name."""
    form = GroupFilter(request.GET, workspace=request.workspace)
    if not form.is_valid():
        return damaged(request, unusable(form, "its type was deleted"))
    chosen, search = form.cleaned_data["type"], form.cleaned_data["search"]
    rows = find_groups(request.workspace, similarity_type=chosen, name=search)
    found = page(rows, request.GET.get("cursor", ""))
    return list_page(
        request,
        GROUPS,
        group_cards(found.rows),
        found.next,
        chosen=chosen,
        search=search,
        types=types_in(request.workspace).order_by("name", "id")[:TYPES_SHOWN],
        can_add=may(request, "groups.add"),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires("groups.add")
def group_new(request: WorkspaceRequest) -> HttpResponse:
    """Create a group; `?type=` in the URL preselects its type."""
    form = NewGroupForm(
        request.POST if request.method == "POST" else None,
        workspace=request.workspace,
        initial={"similarity_type": request.GET.get("type")},
    )
    if not form.is_valid():
        return _form_page(request, form, "New group", resolve_url("groups"))
    try:
        made = create_named_group(**form.cleaned_data, actor=request.user)
    except NameTaken as refusal:
        form.add_error("name", taken_words("group", refusal.other))
        return _form_page(request, form, "New group", resolve_url("groups"))
    messages.success(request, f"The group “{made.name}” was created. Now add images to it.")
    return see_other("group", made.pk)


@never_cache
@require_safe
@requires("workspace.view")
def group_names(request: WorkspaceRequest) -> HttpResponse:
    """Complete the name of a group from those of its type."""
    form = NamesForm(request.GET, workspace=request.workspace)
    typed = form.cleaned_data if form.is_valid() else {}
    names = names_like(typed["similarity_type"], typed["name"]) if typed else []
    return render(request, "dashboard/library/groups/names.html", {"names": names})


def _form_page(request: WorkspaceRequest, form: Any, title: str, cancel_url: str) -> HttpResponse:
    return form_page(request, form, title, under="Groups", cancel_url=cancel_url)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def group(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Show a group with its images or its subgroups, newest first."""
    shown = get_group(request.workspace, group_id)
    cursor = request.GET.get("cursor", "")
    context = _inside(request, shown, cursor)
    # A fragment shows the members: the parent groups are not read for it.
    if not wants_fragment(request):
        around = groups_around(shown).order_by("name", "id")
        context |= {"around": list(around[:PARENTS_SHOWN])}
    return page_or_fragment(request, GROUP_PAGE, "rows" if cursor else "inside", context)


def _inside(request: WorkspaceRequest, shown: Group, cursor: str = "") -> dict[str, Any]:
    """Prepare the members of a group: images or subgroups, never both."""
    # An image may be in one group of an exclusive type: those that are in none come first.
    fitting = "?ungrouped=1" if shown.similarity_type.exclusive else ""
    context = {
        "group": shown,
        "add_url": resolve_url("group-images", shown.pk) + fitting,
        "can_change": may(request, "groups.change"),
        "can_delete": may(request, "groups.delete"),
    }
    if shown.groups_count:
        groups_found = page(groups_inside(shown), cursor)
        return context | {
            "cards": group_cards(groups_found.rows),
            "next": groups_found.next,
            "remove_url": resolve_url("group-remove-groups", shown.pk),
        }
    found = page(members_of(shown), cursor, created="image_created", key="image_id")
    members = [(one["id"], one) for one in tiles([row.image for row in found.rows])]
    return context | {
        "members": members,
        "next": found.next,
        "remove_url": resolve_url("group-remove-images", shown.pk),
    }


def answer_change(request: WorkspaceRequest, shown: Group, sentence: str) -> HttpResponse:
    """Answer after members were removed: htmx gets the remaining ones, others the page."""
    if not wants_fragment(request):
        messages.success(request, sentence)
        return see_other("group", shown.pk)
    shown = get_group(request.workspace, shown.pk)
    context = _inside(request, shown) | {"is_new": True}
    return with_flash(page_or_fragment(request, GROUP_PAGE, "inside", context), sentence)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("groups.change")
@missing_is_404
def group_change(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Rename a group or change its description; htmx renames it in the title."""
    shown = get_group(request.workspace, group_id)
    if wants_fragment(request):
        here = resolve_url("group", shown.pk)
        return rename(
            request,
            Named("group", shown.name, here, request.path),
            lambda name: rename_group(group=shown, changes={"name": name}, actor=request.user),
        )
    initial = {"name": shown.name, "description": shown.description}
    form = GroupForm(request.POST if request.method == "POST" else None, initial=initial)
    if not form.is_valid():
        return _form_page(request, form, "Name and description", resolve_url("group", shown.pk))
    try:
        rename_group(group=shown, changes=form.cleaned_data, actor=request.user)
    except NameTaken as refusal:
        form.add_error("name", taken_words("group", refusal.other))
        return _form_page(request, form, "Name and description", resolve_url("group", shown.pk))
    messages.success(request, "Saved.")
    return see_other("group", shown.pk)


@require_POST
@requires("groups.change")
@missing_is_404
def group_test(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Set or remove the test mark of a group."""
    shown = get_group(request.workspace, group_id)
    form = TestGroupForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed: the form was incomplete. Try again.")
        return see_other("group", shown.pk)
    mark_group(group=shown, **form.cleaned_data, actor=request.user)
    kept = "marked as a test group" if shown.test_group else "no longer a test group"
    messages.success(request, f"The group is {kept}. This applies from the next training on.")
    return see_other("group", shown.pk)


@require_POST
@requires("groups.change")
@missing_is_404
def group_remove_images(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Ask, then remove the selected images from a group; they are kept in the workspace."""
    shown = get_group(request.workspace, group_id)
    form = AskedForm(request.POST)
    is_valid = form.is_valid()
    back = resolve_url("group", shown.pk)
    ticks = Ticks(form.ticked(), back=back, group=shown, leaves=True)
    if "again" in request.POST:
        return ticked_page(request, ticks)
    if not is_valid:
        return refused_ticks(request, ticks, form.first_error())
    there = present(request.workspace, ticks.ids)
    if there and not form.cleaned_data["asked"]:
        found = containing_groups(request.workspace, there)
        return ask_to_take_out(request, shown, there, noun="image", held=found)
    try:
        removed, _ = remove_images(group=shown, ids=ticks.ids, actor=request.user)
    except Refused as refusal:
        return refused_ticks(request, ticks, why(refusal), refusal)
    out = counted(removed, "image was", "images were")
    return answer_change(request, shown, f"{out} removed from the group. The workspace keeps them.")
