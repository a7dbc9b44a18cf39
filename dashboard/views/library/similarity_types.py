"""Show and change similarity types."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.forms.finding import NameSearch
from dashboard.forms.groups import NewGroupForm
from dashboard.forms.similarity_types import NewTypeForm, TypeForm
from dashboard.models import SimilarityType
from dashboard.queries.library.groups import find_groups
from dashboard.queries.library.similarity_types import find_types, get_type, types_in
from dashboard.queries.pages import page
from dashboard.services.library.similarity_types import change_type, create_type
from dashboard.views.library.group_cards import group_cards
from dashboard.views.listing import Listing, list_page
from dashboard.views.naming import check_name, is_taken
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
)

TYPES = Listing("type", "Types", "dashboard/library/similarity_types")


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def types(request: WorkspaceRequest) -> HttpResponse:
    """List the types, newest first, all of them or by a part of the name."""
    form = NameSearch(request.GET)
    if not form.is_valid():
        return damaged(request, unusable(form, "it was deleted"))
    search = form.cleaned_data["search"]
    found = page(find_types(request.workspace, search), request.GET.get("cursor", ""))
    can_add = may(request, "types.add")
    return list_page(request, TYPES, found.rows, found.next, search=search, can_add=can_add)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("types.add")
def type_new(request: WorkspaceRequest) -> HttpResponse:
    """Create a type."""
    form = NewTypeForm(request.POST if request.method == "POST" else None)
    if not form.is_valid() or is_taken("type", types_in(request.workspace), form):
        to = resolve_url("types")
        return form_page(request, form, "New type", under="Types", cancel_url=to)
    made = create_type(workspace=request.workspace, **form.cleaned_data, actor=request.user)
    messages.success(request, f"The type “{made.name}” was created. Now create its groups.")
    return see_other("type", made.pk)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def similarity_type(request: WorkspaceRequest, type_id: UUID) -> HttpResponse:
    """Show a type with its groups."""
    shown = get_type(request.workspace, type_id)
    groups = find_groups(request.workspace, similarity_type=shown)
    found = page(groups, request.GET.get("cursor", ""))
    context = {
        "type": shown,
        "cards": group_cards(found.rows),
        "next": found.next,
        "form": NewGroupForm(workspace=request.workspace, initial={"similarity_type": shown}),
        "can_change": may(request, "types.change"),
        "can_add_groups": may(request, "groups.add"),
        "can_delete": may(request, "types.delete"),
    }
    return page_or_fragment(
        request, "dashboard/library/similarity_types/type.html", "rows", context
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires("types.change")
@missing_is_404
def type_change(request: WorkspaceRequest, type_id: UUID) -> HttpResponse:
    """Rename a type or change its description; htmx renames it in the title."""
    shown = get_type(request.workspace, type_id)
    here, others = resolve_url("type", shown.pk), types_in(request.workspace)
    if wants_fragment(request):
        return rename(
            request, Named("type", shown.name, here, request.path), partial(_rename, request, shown)
        )
    initial = {name: getattr(shown, name) for name in ("name", "description", "fold_by")}
    form = TypeForm(request.POST if request.method == "POST" else None, initial=initial)
    if not form.is_valid() or is_taken("type", others, form, but=shown):
        title = "Name, description and fold by"
        return form_page(request, form, title, under="Types", cancel_url=here)
    change_type(similarity_type=shown, changes=form.cleaned_data, actor=request.user)
    messages.success(request, "Saved.")
    return see_other("type", shown.pk)


def _rename(request: WorkspaceRequest, shown: SimilarityType, name: str) -> None:
    check_name("type", types_in(request.workspace), name, but=shown)
    change_type(similarity_type=shown, changes={"name": name}, actor=request.user)
