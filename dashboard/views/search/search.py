"""Search for images similar to a query image, or to an image of the workspace."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import push_url

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.files.errors import DiskLow, FileRefused
from dashboard.files.fetch.fetch import fetch_image
from dashboard.files.images import images as pictures
from dashboard.forms.search import SearchForm
from dashboard.index.search import Hit
from dashboard.models import Image, Job, Version
from dashboard.queries.jobs.jobs import unfinished_jobs
from dashboard.queries.library.containing_groups import groups_of_images
from dashboard.queries.library.image_tiles import Tile, tile
from dashboard.queries.library.images import get_image
from dashboard.queries.library.links import thumbnail_link
from dashboard.queries.training.encoders import looks_again, search_key
from dashboard.queries.training.features import has_undescribed
from dashboard.queries.training.versions import find_default
from dashboard.services.errors import ModelUnusable
from dashboard.services.search.kept_queries import KeptQuery, QueryGone, find_query, keep_query
from dashboard.services.search.search import search_by_image, search_by_picture
from dashboard.services.training.describing import start_describing
from dashboard.views.jobs.progress import shown_progress
from dashboard.views.library.bar import bar
from dashboard.views.rendering import (
    damaged,
    may,
    missing_is_404,
    page_or_fragment,
    see_other,
    wants_fragment,
)
from dashboard.views.search.snippets import Shown, curl_search
from dashboard.views.workspaces.checklist import remember

ALIKE_SHOWN = 12
GROUPS_SAID = 2
PAGE = "dashboard/search/search.html"


@dataclass(frozen=True)
class HitTile:
    """A result: its rank, its similarity, its groups in words, and the URL of a search with it."""

    tile: Tile
    rank: int
    percent: int
    search_url: str
    groups: str = ""


@dataclass(frozen=True)
class Query:
    """The query; `picture` is the URL of its image, or the image itself as a data: URI.

    `address` is the URL of these results.
    """

    name: str
    picture: str
    version: Version | None
    image: Image | None = None
    curl: str = ""
    address: str = ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("search.run")
def search(request: WorkspaceRequest) -> HttpResponse:
    """Search with a query image, or with `?image=` of the workspace; results have a URL."""
    form = _form(request)
    if not form.is_bound:
        return _page(request, form)
    if not form.is_valid():
        if request.method != "POST":
            return damaged(request, form.first_error())
        return _page(request, form, error=form.first_error())
    try:
        query, hits = _found(request, form.cleaned_data)
    except QueryGone as gone:
        return _page(request, form, error=str(gone), status=lost(request))
    except FileRefused as refusal:
        return _page(request, form, error=refusal.reason)
    except ModelUnusable as refusal:
        return _page(request, form, error=str(refusal))
    remember(request, "search")
    return at_its_address(
        request, query.address, lambda: _page(request, form, query=query, hits=hits)
    )


def lost(request: WorkspaceRequest) -> int:
    """Return the status for a deleted query image: a missing URL, or an invalid form."""
    return 422 if request.method == "POST" else 404


def at_its_address(
    request: WorkspaceRequest, address: str, page: Callable[[], HttpResponse]
) -> HttpResponse:
    """Answer with results at their URL, so that Back and reload work, too.

    Without a URL, if the disk had no space for the query image, they are shown all the same.
    """
    if request.method != "POST" or not address:
        return page()
    if not wants_fragment(request):
        return see_other(address)
    return push_url(page(), address)


def _form(request: WorkspaceRequest) -> SearchForm:
    if request.method == "POST":
        return SearchForm(request.POST, request.FILES, workspace=request.workspace)
    data = request.GET if request.GET.keys() & {"image", "picture"} else None
    return SearchForm(data, workspace=request.workspace)


def _found(request: WorkspaceRequest, asked: dict[str, Any]) -> tuple[Query, list[HitTile]]:
    version, k = asked["version"], asked["k"]
    sense: dict[str, str | int] = {"version": str(version.pk) if version else "", "k": k}
    if (brought := brought_picture(request, asked)) is not None:
        shown = preview(brought.query.data)
        address = brought.address(resolve_url("search"), **sense)
        curl = curl_search(request.workspace, version, brought.shown, k)
        query = Query(brought.query.name, shown, version, curl=curl, address=address)
        data = brought.query.data
        hits = search_by_picture(workspace=request.workspace, version=version, data=data, k=k)
    else:
        image = asked["image"]
        address = _search_url(image, **sense)
        curl = curl_search(request.workspace, version, Shown(key=str(image.pk)), k)
        query = Query(_name(image), thumbnail_link(image), version, image, curl, address)
        hits = search_by_image(image=image, version=version, k=k)
    return query, hit_tiles(hits, version, k)


@dataclass(frozen=True)
class Brought:
    """A query image, and the signed name under which it is stored, if it is."""

    query: KeptQuery
    kept: str = ""

    @property
    def shown(self) -> Shown:
        """Return it for a command: the person has the file."""
        return Shown(url=self.query.url, file=self.query.name)

    def address(self, path: str, **sense: str | int) -> str:
        """Return the URL of the results, which works while the query image is stored."""
        return f"{path}?{urlencode({'picture': self.kept, **sense})}" if self.kept else ""


def brought_picture(request: WorkspaceRequest, asked: dict[str, Any]) -> Brought | None:
    """Return the query image: uploaded, from a URL, or stored before; else None.

    A file that is not an image is not stored. Raises `FileRefused` and `QueryGone`.
    """
    if asked["file"]:
        query = KeptQuery(asked["file"].name, asked["file"].read())
    elif asked["url"]:
        query = KeptQuery(asked["url"], fetch_image(asked["url"]), asked["url"])
    elif asked["picture"]:
        name = asked["picture"]
        return Brought(find_query(workspace=request.workspace, name=name), name)
    else:
        return None
    # Before it is stored: otherwise anybody could store files that are not images.
    pictures.inspect(query.data)
    try:
        return Brought(query, keep_query(workspace=request.workspace, query=query))
    # Searching needs no disk space, only the URL of its results does.
    except DiskLow:
        return Brought(query)


def preview(data: bytes) -> str:
    """Return a small version of an image as a data: URI. Raises `FileRefused`."""
    small = pictures.prepare(data).thumbnail
    return f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"


def _name(image: Image) -> str:
    return image.file_name or "Unnamed image"


def hit_tiles(hits: Sequence[Hit], version: Version | None, k: int) -> list[HitTile]:
    """Prepare results for a grid or a strip; each links to a search with the same version."""
    sense = str(version.pk) if version else ""
    groups = groups_of_images([hit.image.pk for hit in hits])
    return [
        HitTile(
            tile(hit.image),
            rank,
            hit.percent,
            _search_url(hit.image, version=sense, k=k),
            groups_said(groups[hit.image.pk]),
        )
        for rank, hit in enumerate(hits, 1)
    ]


def groups_said(names: Sequence[str]) -> str:
    """Return `phone`, `phone, red` or `phone, red and 3 more`."""
    more = f" and {len(names) - GROUPS_SAID:,} more" if len(names) > GROUPS_SAID else ""
    return ", ".join(names[:GROUPS_SAID]) + more


def _search_url(image: Image, **more: str | int) -> str:
    return f"{resolve_url('search')}?{urlencode({'image': str(image.pk), **more})}"


def _page(
    request: WorkspaceRequest,
    form: SearchForm,
    *,
    error: str = "",
    status: int = 422,
    query: Query | None = None,
    hits: Sequence[HitTile] = (),
) -> HttpResponse:
    """Show the results, an error, or at first which images cannot be found yet.

    A page with results lets htmx request the latter: to know it may need a scan of all images.
    """
    context: dict[str, Any] = {"form": form, "error": error, "query": query, "hits": hits}
    if hits and may(request, "groups.change"):
        context |= {"bar": bar(request), "can_delete": may(request, "images.delete")}
    if not form.is_bound:
        context |= _unseen(request)
    fragment = "found" if request.method == "POST" else "unseen"
    return page_or_fragment(request, PAGE, fragment, context, status=status if error else 200)


def _unseen(request: WorkspaceRequest) -> dict[str, Any]:
    """Return whether any image cannot be found yet, and the job that changes this."""
    jobs = unfinished_jobs(request.workspace).filter(kind=Job.Kind.DESCRIBE)
    if job := jobs.first():
        progress = shown_progress(job, request.membership)
        return {"job": job, "progress": progress, "looks_again": looks_again(request.workspace)}
    has_unseen = has_undescribed(request.workspace, search_key(request.workspace))
    return {"has_unseen": has_unseen, "can_describe": may(request, "images.change")}


@require_POST
@requires("images.change")
def search_describe(request: WorkspaceRequest) -> HttpResponse:
    """Start a job that indexes the new images."""
    job = start_describing(workspace=request.workspace, actor=request.user)
    if job is None:
        messages.info(request, "All images are indexed, or a job is already queued to index them.")
    return see_other("search")


@never_cache
@require_safe
@requires("search.run")
@missing_is_404
def image_alike(request: WorkspaceRequest, image_id: UUID) -> HttpResponse:
    """Show a strip of the most similar images; without htmx, the search with this one."""
    shown = get_image(request.workspace, image_id)
    if not wants_fragment(request):
        return redirect(_search_url(shown))
    shown.workspace = request.workspace  # already known: no query for it
    version = find_default(request.workspace)
    context: dict[str, Any] = {"version": version, "image": shown}
    try:
        hits = search_by_image(image=shown, version=version, k=ALIKE_SHOWN)
        context["hits"] = hit_tiles(hits, version, ALIKE_SHOWN)
    except ModelUnusable as refusal:
        context["error"] = str(refusal)
    return render(request, "dashboard/library/images/alike.html", context)
