"""Search a collection with a picture that somebody brings, or with one of its records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.files.errors import FileRefused
from dashboard.forms.collections import CollectionSearchForm
from dashboard.models import Collection, Record
from dashboard.queries.collections import get_collection
from dashboard.queries.record_search import RecordHit
from dashboard.queries.record_tiles import RecordTile, record_tiles
from dashboard.services.errors import ModelUnusable
from dashboard.services.record_search import search_records_by_key, search_records_by_picture
from dashboard.views.rendering import damaged, missing_is_404, page_or_fragment
from dashboard.views.search import brought_picture, preview

PAGE = "dashboard/collections/search.html"
GONE = "This record is no longer in the collection. Choose another, or bring a picture."


@dataclass(frozen=True)
class RecordHitTile:
    """A result: its place, how alike it is in percent, and where to search with it."""

    record: RecordTile
    rank: int
    percent: int
    search_url: str


@dataclass(frozen=True)
class Query:
    """What was searched with: its name, and the picture as a data: URI or the record it is of."""

    name: str
    picture: str = ""
    record: RecordTile | None = None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("search.run")
@missing_is_404
def collection_search(request: WorkspaceRequest, collection_id: UUID) -> HttpResponse:
    """Search with a picture, which is not kept, or with `?record=` of the collection."""
    shown = get_collection(request.workspace, collection_id)
    form = _form(request)
    if not form.is_bound:
        return _page(request, shown, form)
    if not form.is_valid():
        if request.method != "POST":
            return damaged(request, form.first_error())
        return _page(request, shown, form, error=form.first_error())
    try:
        query, hits = _found(shown, form.cleaned_data)
    except FileRefused as refusal:
        return _page(request, shown, form, error=refusal.reason)
    except ModelUnusable as refusal:
        return _page(request, shown, form, error=str(refusal))
    except Record.DoesNotExist:
        return _page(request, shown, form, error=GONE)
    return _page(request, shown, form, query=query, hits=_tiles(shown, hits))


def _form(request: WorkspaceRequest) -> CollectionSearchForm:
    if request.method == "POST":
        return CollectionSearchForm(request.POST, request.FILES)
    return CollectionSearchForm(request.GET if "record" in request.GET else None)


def _found(shown: Collection, asked: dict[str, Any]) -> tuple[Query, Sequence[RecordHit]]:
    if asked["file"] or asked["url"]:
        name, data = brought_picture(asked)
        hits = search_records_by_picture(collection=shown, data=data, k=asked["k"])
        return Query(name, preview(data)), hits
    row, found = search_records_by_key(collection=shown, key=asked["record"], k=asked["k"])
    (one,) = record_tiles(shown, [row])
    return Query(one.name, record=one), found


def _tiles(shown: Collection, hits: Sequence[RecordHit]) -> list[RecordHitTile]:
    address = resolve_url("collection-search", shown.pk)
    tiles = record_tiles(shown, [hit.record for hit in hits])
    return [
        RecordHitTile(
            record,
            rank,
            max(0, round(100 * (1 - hit.distance))),
            f"{address}?{urlencode({'record': record.key})}",
        )
        for rank, (record, hit) in enumerate(zip(tiles, hits, strict=True), 1)
    ]


def _page(
    request: WorkspaceRequest,
    shown: Collection,
    form: CollectionSearchForm,
    *,
    error: str = "",
    **found: Any,
) -> HttpResponse:
    context = {"collection": shown, "form": form, "error": error} | found
    return page_or_fragment(request, PAGE, "found", context, status=422 if error else 200)
