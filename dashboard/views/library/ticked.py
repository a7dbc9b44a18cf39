"""Keep the selection after a refusal: on the same page, or on a page of its own.

With htmx the page is not changed. Without it the response is a page with the selected images, from
which the person can continue.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django_htmx.http import trigger_client_event

from accounts.http import WorkspaceRequest
from accounts.words import counted
from dashboard.models import Group
from dashboard.queries.library.containing_groups import present, tiles_of
from dashboard.services.errors import Refused, UnknownIds
from dashboard.views.library.bar import Bar
from dashboard.views.library.tiles import tile_items
from dashboard.views.rendering import stays, wants_fragment

SHOWN = 200


@dataclass(frozen=True)
class Ticks:
    """The selected images, where they were selected, and what can be done with them there.

    `bar` returns the bar of the grid; without it the images are added to `group`, or removed from
    it.
    """

    ids: Collection[UUID]
    back: str
    bar: Callable[[], Bar] | None = None
    group: Group | None = None
    leaves: bool = False
    can_delete: bool = False


def refused_ticks(
    request: WorkspaceRequest, ticks: Ticks, sentence: str, refusal: Refused | None = None
) -> HttpResponse:
    """Say why nothing was changed, and keep the selection; tiles of deleted images are removed."""
    if not wants_fragment(request):
        return ticked_page(request, ticks, sentence)
    response = stays(sentence)
    if isinstance(refusal, UnknownIds):
        trigger_client_event(response, "gone", {"ids": [str(one) for one in refusal.ids]})
    return response


def ticked_page(request: WorkspaceRequest, ticks: Ticks, error: str = "") -> HttpResponse:
    """Show the selected images, still selected, with the possible actions."""
    there = present(request.workspace, ticks.ids)
    shown = tiles_of(request.workspace, there, SHOWN)
    context: dict[str, Any] = {
        "error": error,
        "items": tile_items(shown, can_tick=True, ticked=True),
        "rest": there[SHOWN:],
        "ticks": ticks,
        "bar": ticks.bar() if ticks.bar else None,
        "here": request.get_full_path(),
    }
    return render(
        request, "dashboard/library/images/ticked.html", context, status=422 if error else 200
    )


def why(refusal: Refused, noun: str = "image") -> str:
    """Return the message without ids, which people do not read."""
    if not isinstance(refusal, UnknownIds):
        return str(refusal)
    was = counted(len(refusal.ids), f"of these {noun}s was", f"of these {noun}s were")
    return f"{was} deleted in the meantime. Nothing was changed. Try again with the others."
