"""List, show, create, rename, fill and delete collections."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.forms.collections import CollectionForm, FillForm, NewCollectionForm
from dashboard.models import Collection
from dashboard.queries.jobs.jobs import job_about
from dashboard.queries.pages import page
from dashboard.queries.search.collections import collections_in, fills_of, get_collection
from dashboard.queries.search.record_tiles import record_tiles
from dashboard.queries.search.records import record_page
from dashboard.queries.training.versions import find_default
from dashboard.services.errors import AlreadyFilling, Refused
from dashboard.services.search.collections import (
    change_collection,
    create_collection,
    delete_collection,
)
from dashboard.services.search.fills import start_fill
from dashboard.views.jobs.progress import shown_if_any
from dashboard.views.listing import Listing, list_page
from dashboard.views.naming import is_taken
from dashboard.views.rendering import (
    form_page,
    may,
    missing_is_404,
    page_or_fragment,
    see_other,
    wants_fragment,
)
from dashboard.views.search.snippets import KEY

COLLECTIONS = Listing("collection", "Collections", "dashboard/search/collections")
PAGE = "dashboard/search/collections/collection.html"


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def collections(request: WorkspaceRequest) -> HttpResponse:
    """List the collections, newest first."""
    found = page(collections_in(request.workspace), request.GET.get("cursor", ""))
    return list_page(
        request,
        COLLECTIONS,
        found.rows,
        found.next,
        can_add=may(request, "collections.add"),
        has_version=bool(found.rows) or find_default(request.workspace) is not None,
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires("collections.add")
def collection_new(request: WorkspaceRequest) -> HttpResponse:
    """Create a collection."""
    data = request.POST if request.method == "POST" else None
    form = NewCollectionForm(data, workspace=request.workspace)
    others = collections_in(request.workspace)
    if not form.is_valid() or is_taken("collection", others, form):
        return _form_page(request, form, "New collection", resolve_url("collections"))
    version = form.cleaned_data.pop("version")
    try:
        made = create_collection(
            task=version.task, number=version.number, **form.cleaned_data, actor=request.user
        )
    except Refused as refusal:  # the version was deleted meanwhile
        form.add_error("version", str(refusal))
        return _form_page(request, form, "New collection", resolve_url("collections"))
    messages.success(request, f"The collection “{made.name}” was created. Now add images to it.")
    return see_other("collection", made.pk)


def _form_page(
    request: WorkspaceRequest, form: CollectionForm, title: str, cancel_url: str
) -> HttpResponse:
    return form_page(request, form, title, under="Collections", cancel_url=cancel_url)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def collection(request: WorkspaceRequest, collection_id: UUID) -> HttpResponse:
    """Show a collection: what was added to it, how a program searches it, its records."""
    return _collection_page(request, get_collection(request.workspace, collection_id))


def _collection_page(
    request: WorkspaceRequest, shown: Collection, form: FillForm | None = None
) -> HttpResponse:
    """Show a collection; `form` is a refused form with its input."""
    cursor = request.GET.get("cursor", "")
    found = record_page(shown, cursor)
    context = {
        "collection": shown,
        "records": record_tiles(shown, found.rows),
        "next": found.next,
    }
    if not (cursor and wants_fragment(request)):
        context |= _beside(request, shown, form)
    fragment = "rows" if cursor else "contents"
    return page_or_fragment(request, PAGE, fragment, context, status=422 if form else 200)


def _beside(request: WorkspaceRequest, shown: Collection, form: FillForm | None) -> dict[str, Any]:
    """Return what the page shows beside the records."""
    fill = fills_of(shown).first()
    job = job_about(request.workspace, fill.pk) if fill else None
    return {
        "form": form or FillForm(workspace=request.workspace),
        "job": job,
        "progress": shown_if_any(job, request.membership),
        "url": settings.LIKEWISE_URL,
        "key": KEY,
        "can_change": may(request, "collections.change"),
        "can_delete": may(request, "collections.delete"),
    }


@never_cache
@require_http_methods(["GET", "POST"])
@requires("collections.change")
@missing_is_404
def collection_change(request: WorkspaceRequest, collection_id: UUID) -> HttpResponse:
    """Rename a collection or change its description."""
    shown = get_collection(request.workspace, collection_id)
    initial = {"name": shown.name, "description": shown.description}
    form = CollectionForm(request.POST if request.method == "POST" else None, initial=initial)
    others = collections_in(request.workspace)
    if not form.is_valid() or is_taken("collection", others, form, but=shown):
        here = resolve_url("collection", shown.pk)
        return _form_page(request, form, "Rename collection", here)
    change_collection(collection=shown, changes=form.cleaned_data, actor=request.user)
    messages.success(request, "Saved.")
    return see_other("collection", shown.pk)


@require_POST
@requires("collections.change")
@missing_is_404
def collection_fill(request: WorkspaceRequest, collection_id: UUID) -> HttpResponse:
    """Start a job that adds images of the workspace."""
    shown = get_collection(request.workspace, collection_id)
    form = FillForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        return _collection_page(request, shown, form)
    try:
        start_fill(collection=shown, **form.cleaned_data, actor=request.user)
    except AlreadyFilling as refusal:  # the page shows the job instead of the form
        messages.error(request, str(refusal))
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _collection_page(request, shown, form)
    return see_other("collection", shown.pk)


@require_POST
@requires("collections.delete")
@missing_is_404
def collection_delete(request: WorkspaceRequest, collection_id: UUID) -> HttpResponse:
    """Delete a collection with its records."""
    shown = get_collection(request.workspace, collection_id)
    delete_collection(collection=shown, actor=request.user)
    messages.success(request, f"The collection “{shown.name}” and its records were deleted.")
    return see_other("collections")
