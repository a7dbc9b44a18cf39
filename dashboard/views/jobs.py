"""Watch background work, stop it, and try again what it left undone."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.models import Membership
from dashboard.models import Job
from dashboard.queries.collections import find_fill
from dashboard.queries.jobs import find_jobs, get_job, progress_of
from dashboard.queries.pages import page
from dashboard.queries.retries import can_retry
from dashboard.queries.versions import find_version
from dashboard.services.closing import cancel_job
from dashboard.services.errors import AlreadyFinished, Refused
from dashboard.services.retries import retry_job
from dashboard.views.progress import ShownProgress, duration_words, shown_progress
from dashboard.views.rendering import (
    damaged,
    may,
    missing_is_404,
    page_or_fragment,
    see_other,
    wants_fragment,
)


@dataclass(frozen=True)
class JobRow:
    """A job with its progress, and how long it has taken in words."""

    job: Job
    progress: ShownProgress
    took: str


def job_row(job: Job, membership: Membership | None) -> JobRow:
    """Prepare a job for a list or a page."""
    elapsed = progress_of(job).elapsed
    took = duration_words(elapsed) if elapsed else ""
    return JobRow(job, shown_progress(job, membership), took)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def jobs(request: WorkspaceRequest) -> HttpResponse:
    """List the jobs, newest first; those that run show their progress live."""
    state = request.GET.get("state", "")
    if state and state not in Job.State.values:
        return damaged(request, f"There is no state “{state[:40]}” that a job could be in.")
    found = page(find_jobs(request.workspace, state), request.GET.get("cursor", ""))
    following = urlencode({"state": state, "cursor": found.next})
    context = {
        "rows": [job_row(job, request.membership) for job in found.rows],
        "state": state,
        "states": Job.State.choices,
        "next_url": f"{request.path}?{following}" if found.next else "",
    }
    return page_or_fragment(request, "dashboard/jobs/list.html", "rows", context)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def job(request: WorkspaceRequest, job_id: UUID) -> HttpResponse:
    """Show a job, with the way to what it is about."""
    shown = get_job(request.workspace, job_id)
    context = {
        "row": job_row(shown, request.membership),
        "subject": _subject(request, shown),
        "retry": retry_label(request, shown),
    }
    return page_or_fragment(request, "dashboard/jobs/job.html", "facts", context)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def job_progress(request: WorkspaceRequest, job_id: UUID) -> HttpResponse:
    """Answer a poll: the bar as of now, and an event once the job is over."""
    shown = get_job(request.workspace, job_id)
    if not wants_fragment(request):
        return redirect("job", shown.id)
    progress = shown_progress(shown, request.membership)
    context = {"job": shown, "progress": progress, "name": shown.title}
    response = render(request, "partials/job_progress.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return trigger_client_event(response, "job-finished") if progress.is_finished else response


@require_POST
@requires("jobs.cancel")
@missing_is_404
def job_cancel(request: WorkspaceRequest, job_id: UUID) -> HttpResponse:
    """Ask a job to stop; what it has done so far stays."""
    shown = get_job(request.workspace, job_id)
    try:
        cancel_job(job=shown, actor=request.user)
    except AlreadyFinished as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, "The job is cancelled; what it has done so far stays.")
    return see_other("job", shown.id)


@require_POST
@requires("jobs.retry")
@missing_is_404
def job_retry(request: WorkspaceRequest, job_id: UUID) -> HttpResponse:
    """Do what a job left undone, by a new job."""
    shown = get_job(request.workspace, job_id)
    try:
        again = retry_job(job=shown, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return see_other("job", shown.id)
    messages.success(request, "It is tried again; what was done before stays.")
    return see_other("job", again.id)


def retry_label(request: WorkspaceRequest, shown: Job) -> str:
    """Return what the button says that tries again, empty where there is none."""
    if not may(request, "jobs.retry") or not can_retry(shown):
        return ""
    return "Retry failed" if shown.state == Job.State.DONE else "Try again"


def _subject(request: WorkspaceRequest, shown: Job) -> dict[str, Any] | None:
    if shown.kind in (Job.Kind.UPLOAD, Job.Kind.PLAN, Job.Kind.UNDO):
        return {"url": resolve_url("upload", shown.subject_id), "label": "Open the upload"}
    if shown.kind == Job.Kind.EXTRACT:
        return {"url": resolve_url("extraction", shown.subject_id), "label": "Open the extraction"}
    if shown.kind == Job.Kind.FILL:
        fill = find_fill(request.workspace, shown.subject_id)
        url = resolve_url("collection", fill.collection_id) if fill else ""
        return {"url": url, "label": "Open the collection"} if url else None
    if shown.kind == Job.Kind.DESCRIBE:
        return {"url": resolve_url("search"), "label": "Search"}
    version = find_version(request.workspace, shown.subject_id)
    if version is None:
        return None
    return {"url": resolve_url("task", version.task_id), "label": "Open the task"}
