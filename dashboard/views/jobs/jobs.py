"""Show background work, cancel it, and retry what it left undone."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from accounts.access import check, requires
from accounts.http import WorkspaceRequest
from dashboard.forms.jobs import JobFilter
from dashboard.models import Job
from dashboard.queries.jobs.jobs import find_jobs, get_job
from dashboard.queries.pages import page
from dashboard.services.errors import AlreadyFinished, Refused
from dashboard.services.jobs.retries import retry_job
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.views.jobs.job_polls import forget_polls
from dashboard.views.jobs.job_rows import job_rows, retry_action, retry_label
from dashboard.views.rendering import (
    damaged,
    missing_is_404,
    page_or_fragment,
    refused,
    see_other,
    wants_fragment,
    with_flash,
)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def jobs(request: WorkspaceRequest) -> HttpResponse:
    """List a page of the jobs, newest first; it refreshes while any of them is unfinished."""
    form = JobFilter(request.GET, workspace=request.workspace)
    if not form.is_valid():
        return damaged(
            request, "This filter is not valid: the kind, state or person does not exist."
        )
    rows = find_jobs(request.workspace, **form.cleaned_data)
    cursor = request.GET.get("cursor", "")
    found = page(rows, cursor)
    context = {
        "form": form,
        "rows": job_rows(request, found.rows),
        "is_filtered": any(form.cleaned_data.values()),
        "is_live": any(not job.is_finished for job in found.rows),
        "here": request.get_full_path(),
        "newest_url": _address(request, "") if cursor else "",
        "older_url": _address(request, found.next) if found.next else "",
    }
    return page_or_fragment(request, "dashboard/jobs/list.html", "job-list", context)


def _address(request: WorkspaceRequest, cursor: str) -> str:
    """Return the URL of a page of the list with the same filters."""
    query = QueryDict(mutable=True)
    given = {name: request.GET.get(name, "") for name in ("kind", "state", "who")}
    query.update({name: value for name, value in (given | {"cursor": cursor}).items() if value})
    return f"{request.path}?{query.urlencode()}" if query else request.path


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def job(request: WorkspaceRequest, job_id: UUID) -> HttpResponse:
    """Show a job, with a link to its subject."""
    shown = get_job(request.workspace, job_id)
    (row,) = job_rows(request, [shown])
    context = {"row": row, "subject": row.subject, "retry": retry_label(request, shown)}
    return page_or_fragment(request, "dashboard/jobs/job.html", "facts", context)


@require_POST
@requires("jobs.cancel")
@missing_is_404
def job_cancel(request: WorkspaceRequest, job_id: UUID) -> HttpResponse:
    """Cancel a job; what it has done so far is kept."""
    shown = get_job(request.workspace, job_id)
    try:
        cancel_job(job=shown, actor=request.user)
    except AlreadyFinished as refusal:
        return refused(request, str(refusal), resolve_url("job", shown.id))
    return _changed(request, "The job was cancelled. What it has done so far stays.", shown)


@require_POST
@requires("jobs.retry")
@missing_is_404
def job_retry(request: WorkspaceRequest, job_id: UUID) -> HttpResponse:
    """Retry what a job left undone, by a new job."""
    shown = get_job(request.workspace, job_id)
    # In addition to the decorator, which knows no kind: retrying an export needs the permission to
    # export.
    check(request.membership, retry_action(shown))
    try:
        again = retry_job(job=shown, actor=request.user)
    except Refused as refusal:
        return refused(request, str(refusal), resolve_url("job", shown.id))
    return _changed(request, "The job is retried. What it has done so far stays.", again)


def _changed(request: WorkspaceRequest, sentence: str, to: Job) -> HttpResponse:
    """Redirect to the job, or let htmx refresh the jobs on the current page."""
    # The person's next poll must not show the old state, which is cached for half a second.
    forget_polls()
    if not wants_fragment(request):
        messages.success(request, sentence)
        return see_other("job", to.id)
    return trigger_client_event(with_flash(HttpResponse(status=204), sentence), "jobs-changed")
