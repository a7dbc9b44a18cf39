"""What pages ask for again and again: a job's bar, and the tray of what runs."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from accounts.access import lacks_second_factor, requires
from accounts.http import WorkspaceRequest
from accounts.models import Membership, Workspace
from dashboard.queries.jobs.jobs import Progress, get_job
from dashboard.queries.jobs.tray import COUNTED, Tray, find_tray, forget_trays
from dashboard.queries.jobs.waiting import what_they_wait_for
from dashboard.queries.short_cache import ShortCache
from dashboard.views.jobs.progress import shown_progress
from dashboard.views.rendering import missing_is_404, wants_fragment

FRESH = 0.5  # seconds for which all who watch a job are told the same
# Of every poll's answer. Written out: what `never_cache` puts together for it took a third of the
# time that this view takes more than an empty one.
POLLED = {"Cache-Control": "no-store, private", "Vary": "HX-Request"}
SHOWN_IN_TRAY = 3
CLOSED = "closed"  # what the tray's cookie says of one that a person has closed


@dataclass(frozen=True)
class Watched:
    """A job as a role of its workspace sees it."""

    workspace: Workspace
    role: str
    job_id: UUID
    # Not compared: members of one role see the same bar, so that they share one reading.
    membership: Membership | None = field(compare=False)


@require_safe
@requires("workspace.view")
@missing_is_404
def job_progress(request: WorkspaceRequest, job_id: UUID) -> HttpResponse:
    """Answer a poll: the bar as of now, and an event once the job is over."""
    if not wants_fragment(request):
        get_job(request.workspace, job_id)
        return redirect("job", job_id)
    role = request.membership.role if request.membership else ""
    html, is_finished = _polls.get(Watched(request.workspace, role, job_id, request.membership))
    response = HttpResponse(html, headers=POLLED)
    return trigger_client_event(response, "job-finished") if is_finished else response


def _rendered(watched: Watched) -> tuple[str, bool]:
    shown = get_job(watched.workspace, watched.job_id)
    waiting = what_they_wait_for([shown]).get(shown.id)
    progress = shown_progress(shown, watched.membership, waiting)
    context = {"job": shown, "progress": progress, "name": shown.title}
    return render_to_string("partials/job_progress.html", context), progress.is_finished


_polls: ShortCache[Watched, tuple[str, bool]] = ShortCache(FRESH, _rendered)


def forget_polls() -> None:
    """Let who asks next read the rows: somebody has just changed them, and wants to see that."""
    _polls.clear()
    forget_trays()


@never_cache
@require_safe
@requires("workspace.view")
def job_tray(request: WorkspaceRequest) -> HttpResponse:
    """Answer the tray's poll; it ends with what runs."""
    if not wants_fragment(request):
        return redirect("jobs")
    return render(request, "partials/tray.html", {"tray": shown_tray(request)})


@dataclass(frozen=True)
class ShownTray:
    """What runs, a few of it with its percent, and what it is in a few words."""

    words: str
    rows: tuple[Progress, ...]
    is_closed: bool


def tray(request: HttpRequest) -> dict[str, Any]:
    """Give every page its tray, made when a template asks for it: fragments have none."""
    return {"tray_of": lambda: shown_tray(request)}


def shown_tray(request: HttpRequest) -> ShownTray | None:
    """Return what runs in the person's workspace, or None if nothing does."""
    membership: Membership | None = getattr(request, "membership", None)
    # The page itself is open to users who still have to set up a second factor; what runs is not.
    if membership is None or lacks_second_factor(membership):
        return None
    found = find_tray(membership.workspace)
    if not found:
        return None
    is_closed = request.COOKIES.get("tray") == CLOSED
    return ShownTray(_words(found), found.running[:SHOWN_IN_TRAY], is_closed)


def _words(found: Tray) -> str:
    """Say `2 running (40 %, 12 %), 3 waiting`."""
    percents = ", ".join(f"{one.percent} %" for one in found.running[:SHOWN_IN_TRAY])
    running = f"{len(found.running):,} running ({percents})" if found.running else ""
    more = "+" if len(found.running) + found.waiting >= COUNTED else ""
    waiting = f"{found.waiting:,}{more} waiting" if found.waiting else ""
    return ", ".join(part for part in (running, waiting) if part)
