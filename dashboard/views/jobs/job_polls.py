"""Answer the polls of pages: a job's progress bar, and the tray of running jobs."""

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

FRESH = 0.5  # seconds for which all who watch a job get the same response
# Headers of every poll. Written out: computing those of `never_cache` took a third of the time by
# which this view exceeds an empty one.
POLLED = {"Cache-Control": "no-store, private", "Vary": "HX-Request"}
SHOWN_IN_TRAY = 3
CLOSED = "closed"  # the value of the tray's cookie once a person has closed it


@dataclass(frozen=True)
class Watched:
    """A job as seen by a role of its workspace."""

    workspace: Workspace
    role: str
    job_id: UUID
    # Not compared: members with one role see the same bar, so that they share one reading.
    membership: Membership | None = field(compare=False)


@require_safe
@requires("workspace.view")
@missing_is_404
def job_progress(request: WorkspaceRequest, job_id: UUID) -> HttpResponse:
    """Answer a poll: the current bar, and an event once the job has ended."""
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
    """Clear the caches: somebody has just changed the rows, and expects to see that."""
    _polls.clear()
    forget_trays()


@never_cache
@require_safe
@requires("workspace.view")
def job_tray(request: WorkspaceRequest) -> HttpResponse:
    """Answer the tray's poll, which ends with the running jobs."""
    if not wants_fragment(request):
        return redirect("jobs")
    return render(request, "partials/tray.html", {"tray": shown_tray(request)})


@dataclass(frozen=True)
class ShownTray:
    """The running jobs, some with their percentage, and a summary."""

    words: str
    rows: tuple[Progress, ...]
    is_closed: bool


def tray(request: HttpRequest) -> dict[str, Any]:
    """Provide every page with its tray, computed when a template uses it: fragments have none."""
    return {"tray_of": lambda: shown_tray(request)}


def shown_tray(request: HttpRequest) -> ShownTray | None:
    """Return the jobs that run in the user's workspace, or None."""
    membership: Membership | None = getattr(request, "membership", None)
    # The page itself is open to users who still have to set up a second factor; jobs are not.
    if membership is None or lacks_second_factor(membership):
        return None
    found = find_tray(membership.workspace)
    if not found:
        return None
    is_closed = request.COOKIES.get("tray") == CLOSED
    return ShownTray(_words(found), found.running[:SHOWN_IN_TRAY], is_closed)


def _words(found: Tray) -> str:
    """Return `2 running (40 %, 12 %), 3 waiting`."""
    percents = ", ".join(f"{one.percent} %" for one in found.running[:SHOWN_IN_TRAY])
    running = f"{len(found.running):,} running ({percents})" if found.running else ""
    more = "+" if len(found.running) + found.waiting >= COUNTED else ""
    waiting = f"{found.waiting:,}{more} waiting" if found.waiting else ""
    return ", ".join(part for part in (running, waiting) if part)
