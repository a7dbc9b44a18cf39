"""Show the manual, which is the Markdown of `docs/`, and the API's calls."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from accounts.http import WorkspaceRequest
from dashboard.views import markdown
from dashboard.views.rendering import page_or_fragment

INDEX = "index"  # whose links define the order of the pages
SEARCH = 100  # characters


@dataclass(frozen=True)
class ManualPage:
    """A page of the manual with its URL."""

    name: str
    url: str
    text: str
    rendered: markdown.Rendered


@dataclass(frozen=True)
class Place:
    """A heading that was found, and its page."""

    page: str
    heading: str
    url: str


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the API's schema, which the page fetches."""
    return render(request, "docs/api.html")


@require_safe
@signed_in
def manual(request: WorkspaceRequest, name: str = INDEX) -> HttpResponse:
    """Show a page of the manual, or the headings that contain all words of the search."""
    pages = manual_pages()
    if name not in pages:
        raise Http404(f"There is no page {name} in the manual.")
    search = request.GET.get("search", "").strip()[:SEARCH]
    context = {
        "page": pages[name],
        "pages": [page for key, page in pages.items() if key != INDEX],
        "search": search,
        "places": find_places(search) if search else [],
    }
    return page_or_fragment(request, "docs/manual.html", "found", context)


@cache
def manual_pages() -> dict[str, ManualPage]:
    """Return the pages by name, in the order of the links on the first one."""
    # Read once: the manual is part of the program and does not change while it runs.
    first = _page(INDEX)
    return {INDEX: first} | {name: _page(name) for name in dict.fromkeys(first.rendered.links)}


def _page(name: str) -> ManualPage:
    folder: Path = settings.BASE_DIR / "docs"
    text = (folder / f"{name}.md").read_text(encoding="utf-8")
    return ManualPage(name, _address(name), text, markdown.render(text, _address))


def _address(name: str) -> str:
    return reverse("manual") if name == INDEX else reverse("manual-page", args=[name])


def find_places(search: str) -> list[Place]:
    """Return the headings that contain, with their page's title, all words of the search."""
    words = search.casefold().split()
    return [
        Place(page.rendered.title, heading.text, f"{page.url}#{heading.anchor}")
        for page in manual_pages().values()
        for heading in page.rendered.headings
        if all(word in f"{page.rendered.title} {heading.text}".casefold() for word in words)
    ]
