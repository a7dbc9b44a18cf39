"""Show a complete upload: its progress, what failed and why."""

import csv
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.verbs import Verb
from dashboard.models import Job, Upload
from dashboard.queries.exchange.transfers import find_import
from dashboard.queries.extractions.extractions import find_extraction
from dashboard.queries.jobs.jobs import job_about
from dashboard.queries.journal.changes import find_change
from dashboard.queries.uploads.undo import undo_forecast
from dashboard.queries.uploads.uploads import counts, failure_page, failures, get_upload
from dashboard.services.errors import Refused
from dashboard.services.journal.undoing import undo_change
from dashboard.views.jobs.job_rows import retry_label
from dashboard.views.jobs.progress import shown_if_any
from dashboard.views.rendering import may, missing_is_404, page_or_fragment, see_other
from dashboard.views.uploads.plans import plan_page

# Characters that make a spreadsheet interpret a cell as a formula; a quote before it prevents that.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

_BEFORE = (Upload.Stage.RECEIVING, Upload.Stage.PLANNED)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def upload(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Show an upload: its plan, its progress, its outcome, and its failures."""
    shown = get_upload(request.workspace, upload_id)
    if shown.stage in _BEFORE and request.htmx.target == "outcome":
        return HttpResponseClientRefresh()  # its dry run has ended, so it has another page now
    if shown.stage == Upload.Stage.RECEIVING:
        return see_other("upload-sending", shown.id)
    if shown.stage == Upload.Stage.PLANNED:
        return plan_page(request, shown)
    if (page := _elsewhere(shown)) is not None:
        return see_other(*page)
    job = job_about(request.workspace, shown.id)
    if shown.stage == Upload.Stage.PLANNING and job is not None and job.is_finished:
        # The dry run ended between the two reads: read again, or the page would never change.
        return HttpResponseClientRefresh() if request.htmx else see_other("upload", shown.id)
    cursor = request.GET.get("cursor", "")
    found, by_status = failure_page(shown, cursor), counts(shown)
    context = {
        "upload": shown,
        "job": job,
        "progress": shown_if_any(job, request.membership),
        "counts": by_status,
        "total": sum(by_status.values()),
        "failures": found.rows,
        "retry": retry_label(request, job) if job else "",
        "can_add": may(request, "images.add"),
        "can_undo": _can_undo(request, shown, job),
        "days_kept": settings.LIKEWISE_KEEP_UPLOADS,
        "next_url": f"{request.path}?cursor={found.next}" if found.next else "",
    }
    fragment = "failures" if cursor else "outcome"
    return page_or_fragment(request, "dashboard/uploads/upload.html", fragment, context)


def _elsewhere(shown: Upload) -> tuple[str, UUID] | None:
    """Return the page of an upload's purpose, if it imports no images."""
    if shown.purpose == Upload.Purpose.IMAGES:
        return None
    if (described := find_extraction(shown)) is not None:
        return "extraction", described.pk
    if (brought := find_import(shown)) is not None:
        return "transfer", brought.pk
    return None


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def upload_failures(request: WorkspaceRequest, upload_id: UUID) -> Any:
    """Send the failures as CSV of any length: a stream, which is not an HttpResponse."""
    shown = get_upload(request.workspace, upload_id)
    response = StreamingHttpResponse(_csv_lines(shown), content_type="text/csv; charset=utf-8")
    name = f"failures of {shown.name}.csv"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response


def _can_undo(request: WorkspaceRequest, shown: Upload, job: Job | None) -> bool:
    is_in = shown.stage == Upload.Stage.COMMITTED and shown.purpose == Upload.Purpose.IMAGES
    is_over = job is None or job.is_finished
    return is_in and is_over and may(request, "images.delete")


@never_cache
@require_http_methods(["GET", "POST"])
@requires("images.delete")
@missing_is_404
def upload_undo(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Ask, showing what was done with the images since, and undo the upload as a whole."""
    shown = get_upload(request.workspace, upload_id)
    if request.method == "POST":
        try:
            change = find_change(request.workspace, shown.pk, Verb.UPLOADED)
            undo_change(change=change, actor=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
        return see_other("upload", shown.id)
    if not _can_undo(request, shown, job_about(request.workspace, shown.id)):
        return see_other("upload", shown.id)
    forecast = undo_forecast(shown)
    context = {"upload": shown, "forecast": forecast}
    return render(request, "dashboard/uploads/undo.html", context)


class _Echo:
    """A file that returns what is written to it."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(shown: Upload) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(["file", "reason"])
    # Streamed: there may be 200,000, and the response begins at once.
    for row in failures(shown).values_list("name", "reason").iterator(chunk_size=2000):
        yield writer.writerow([_as_text(cell) for cell in row])


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
