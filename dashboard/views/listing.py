"""Render lists of one noun, newest first: a page defines its row, `list_page.html` the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from accounts.http import WorkspaceRequest
from dashboard.views.rendering import page_or_fragment


@dataclass(frozen=True)
class Listing:
    """What a page lists: its noun, and the folder of `list.html`, `row.html` and `empty.html`.

    Rows are lines of a card, or tiles of a grid; `above` is a template between search and rows.
    """

    noun: str
    label: str
    folder: str
    tiles: bool = False
    above: str = ""

    @property
    def row(self) -> str:
        """Return the template of one row, which is available to it as `row`."""
        return f"{self.folder}/row.html"

    @property
    def empty(self) -> str:
        """Return the template that replaces an empty list."""
        return f"{self.folder}/empty.html"


def list_page(
    request: WorkspaceRequest,
    listing: Listing,
    rows: Sequence[Any],
    following: str,
    **context: Any,
) -> HttpResponse:
    """Show a page of rows; htmx gets the next rows, or all that a search found.

    `following` is the cursor of the next page.
    """
    return page_or_fragment(
        request,
        f"{listing.folder}/list.html",
        "rows" if request.GET.get("cursor") else "found",
        {"listing": listing, "rows": rows, "next": following, **context},
        fragments="partials/list_page.html",
    )
