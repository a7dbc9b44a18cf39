"""Search a collection with a query image, or with one of its records."""

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
from dashboard.index.record_search import RecordHit
from dashboard.models import Collection, Record
from dashboard.queries.search.collections import get_collection
from dashboard.queries.search.record_tiles import RecordTile, record_tiles
from dashboard.services.errors import ModelUnusable
from dashboard.services.search.kept_queries import QueryGone
from dashboard.services.search.record_search import search_records_by_key, search_records_by_picture
from dashboard.views.rendering import damaged, missing_is_404, page_or_fragment
from dashboard.views.search.search import at_its_address, brought_picture, lost, preview
from dashboard.views.search.snippets import Shown, curl_nearest

PAGE = "dashboard/search/collections/search.html"
GONE = "This record is no longer in the collection. Choose another, or choose an image."


@dataclass(frozen=True)
class RecordHitTile:
    """A result: its rank, its similarity in percent, and the URL of a search with it."""

    record: RecordTile
    rank: int
    percent: int
    search_url: str


@dataclass(frozen=True)
class Query:
    """The query: its name, and the image as a data: URI or the record.

    `curl` is the same search as a command.
    """

    name: str
    picture: str = ""
    record: RecordTile | None = None
    curl: str = ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("search.run")
@missing_is_404
def collection_search(request: WorkspaceRequest, collection_id: UUID) -> HttpResponse:
    """Search with a query image, or with `?record=` of the collection."""
    shown = get_collection(request.workspace, collection_id)
    form = _form(request)
    if not form.is_bound:
        return _page(request, shown, form)
    if not form.is_valid():
        if request.method != "POST":
            return damaged(request, form.first_error())
        return _page(request, shown, form, error=form.first_error())
    try:
        query, hits, address = _found(request, shown, form.cleaned_data)
    except QueryGone as gone:
        return _page(request, shown, form, error=str(gone), status=lost(request))
    except FileRefused as refusal:
        return _page(request, shown, form, error=refusal.reason)
    except ModelUnusable as refusal:
        return _page(request, shown, form, error=str(refusal))
    except Record.DoesNotExist:
        return _page(request, shown, form, error=GONE)
    tiles = _tiles(shown, hits)
    return at_its_address(
        request, address, lambda: _page(request, shown, form, query=query, hits=tiles)
    )


def _form(request: WorkspaceRequest) -> CollectionSearchForm:
    if request.method == "POST":
        return CollectionSearchForm(request.POST, request.FILES)
    return CollectionSearchForm(request.GET if request.GET.keys() & {"record", "picture"} else None)


def _found(
    request: WorkspaceRequest, shown: Collection, asked: dict[str, Any]
) -> tuple[Query, Sequence[RecordHit], str]:
    here, k = resolve_url("collection-search", shown.pk), asked["k"]
    if (brought := brought_picture(request, asked)) is not None:
        data = brought.query.data
        hits = search_records_by_picture(collection=shown, data=data, k=k)
        address = brought.address(here, k=k)
        curl = curl_nearest(shown, brought.shown, k)
        return Query(brought.query.name, preview(data), curl=curl), hits, address
    row, found = search_records_by_key(collection=shown, key=asked["record"], k=k)
    (one,) = record_tiles(shown, [row])
    address = f"{here}?{urlencode({'record': row.key, 'k': k})}"
    curl = curl_nearest(shown, Shown(key=row.key), k)
    return Query(one.name, record=one, curl=curl), found, address


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
    status: int = 422,
    **found: Any,
) -> HttpResponse:
    context = {"collection": shown, "form": form, "error": error} | found
    return page_or_fragment(request, PAGE, "found", context, status=status if error else 200)
