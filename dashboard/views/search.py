"""Find what is alike: to a picture that somebody brings, or to an image of the workspace."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.files import images as pictures
from dashboard.files.errors import FileRefused
from dashboard.files.fetch import fetch_image
from dashboard.forms.search import SearchForm
from dashboard.models import Image, Job, Version
from dashboard.queries.encoders import default_key
from dashboard.queries.features import has_undescribed
from dashboard.queries.image_tiles import Tile, tile
from dashboard.queries.images import get_image
from dashboard.queries.jobs import unfinished_jobs
from dashboard.queries.links import thumbnail_link
from dashboard.queries.search import Hit
from dashboard.queries.versions import find_default
from dashboard.services.errors import ModelUnusable
from dashboard.services.features import start_describing
from dashboard.services.search import search_by_image, search_by_picture
from dashboard.views.checklist import remember
from dashboard.views.progress import shown_progress
from dashboard.views.rendering import (
    damaged,
    may,
    missing_is_404,
    page_or_fragment,
    see_other,
    wants_fragment,
)
from dashboard.views.snippets import curl_descriptor

ALIKE_SHOWN = 12
PAGE = "dashboard/search/search.html"


@dataclass(frozen=True)
class HitTile:
    """A result: its place, how alike it is, and where to search with it."""

    tile: Tile
    rank: int
    percent: int
    search_url: str


@dataclass(frozen=True)
class Query:
    """What was searched with; `picture` is its address, or the picture itself as a data: URI."""

    name: str
    picture: str
    version: Version | None
    image: Image | None = None
    url: str = ""

    @property
    def curl(self) -> str:
        """Return the same question as a command, where the API has it."""
        return curl_descriptor(self.version, self.url) if self.version else ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("search.run")
def search(request: WorkspaceRequest) -> HttpResponse:
    """Search with a picture, which is not kept, or with `?image=` of the workspace."""
    form = _form(request)
    if not form.is_bound:
        return _page(request, form)
    if not form.is_valid():
        if request.method != "POST":
            return damaged(request, form.first_error())
        return _page(request, form, error=form.first_error())
    try:
        query, hits = _found(request, form.cleaned_data)
    except FileRefused as refusal:
        return _page(request, form, error=refusal.reason)
    except ModelUnusable as refusal:
        return _page(request, form, error=str(refusal))
    remember(request, "search")
    return _page(request, form, query=query, hits=hits)


def _form(request: WorkspaceRequest) -> SearchForm:
    if request.method == "POST":
        return SearchForm(request.POST, request.FILES, workspace=request.workspace)
    data = request.GET if "image" in request.GET else None
    return SearchForm(data, workspace=request.workspace)


def _found(request: WorkspaceRequest, asked: dict[str, Any]) -> tuple[Query, list[HitTile]]:
    version, k = asked["version"], asked["k"]
    if asked["file"] or asked["url"]:
        name, data = brought_picture(asked)
        query = Query(name, preview(data), version, url=asked["url"])
        hits = search_by_picture(workspace=request.workspace, version=version, data=data, k=k)
    else:
        image = asked["image"]
        query = Query(_name(image), thumbnail_link(image), version, image)
        hits = search_by_image(image=image, version=version, k=k)
    return query, hit_tiles(hits, version, k)


def brought_picture(asked: dict[str, Any]) -> tuple[str, bytes]:
    """Return name and bytes of the picture that was sent or whose address was given.

    Raises `FileRefused`.
    """
    if asked["file"]:
        return asked["file"].name, asked["file"].read()
    return asked["url"], fetch_image(asked["url"])


def preview(data: bytes) -> str:
    """Return a small version of a picture as a data: URI. Raises `FileRefused`."""
    small = pictures.prepare(data).thumbnail
    return f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"


def _name(image: Image) -> str:
    return image.file_name or "Image without a name"


def hit_tiles(hits: Sequence[Hit], version: Version | None, k: int) -> list[HitTile]:
    """Prepare results for a grid or a strip; each searches on in the same sense."""
    sense = str(version.pk) if version else ""
    return [
        HitTile(tile(hit.image), rank, hit.percent, _search_url(hit.image, version=sense, k=k))
        for rank, hit in enumerate(hits, 1)
    ]


def _search_url(image: Image, **more: str | int) -> str:
    return f"{resolve_url('search')}?{urlencode({'image': str(image.pk), **more})}"


def _page(
    request: WorkspaceRequest,
    form: SearchForm,
    *,
    error: str = "",
    query: Query | None = None,
    hits: Sequence[HitTile] = (),
) -> HttpResponse:
    """Show the results, or what was wrong, or at first what is not found yet.

    A page with results has htmx ask for the last: to know it may take a look at every image.
    """
    context = {"form": form, "error": error, "query": query, "hits": hits}
    if not form.is_bound:
        context |= _unseen(request)
    fragment = "found" if request.method == "POST" else "unseen"
    return page_or_fragment(request, PAGE, fragment, context, status=422 if error else 200)


def _unseen(request: WorkspaceRequest) -> dict[str, Any]:
    """Say whether any image cannot be found yet, and whether a job is about it."""
    jobs = unfinished_jobs(request.workspace).filter(kind=Job.Kind.DESCRIBE)
    if job := jobs.first():
        return {"job": job, "progress": shown_progress(job, request.membership)}
    has_unseen = has_undescribed(request.workspace, default_key())
    return {"has_unseen": has_unseen, "can_describe": may(request, "images.change")}


@require_POST
@requires("images.change")
def search_describe(request: WorkspaceRequest) -> HttpResponse:
    """Have the new images looked at, so that they are found."""
    job = start_describing(workspace=request.workspace, actor=request.user)
    if job is None:
        messages.info(request, "Nothing is left to look at, or a job is waiting to do so already.")
    return see_other("search")


@never_cache
@require_safe
@requires("search.run")
@missing_is_404
def image_alike(request: WorkspaceRequest, image_id: UUID) -> HttpResponse:
    """Show a strip of the most alike images; without htmx, the search with this one."""
    shown = get_image(request.workspace, image_id)
    if not wants_fragment(request):
        return redirect(_search_url(shown))
    shown.workspace = request.workspace  # known already: no query for it
    version = find_default(request.workspace)
    context: dict[str, Any] = {"version": version, "image": shown}
    try:
        hits = search_by_image(image=shown, version=version, k=ALIKE_SHOWN)
        context["hits"] = hit_tiles(hits, version, ALIKE_SHOWN)
    except ModelUnusable as refusal:
        context["error"] = str(refusal)
    return render(request, "dashboard/images/alike.html", context)
