"""Bring images in: choose files, watch the upload, see what failed and why."""

import csv
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render, resolve_url
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.files.errors import FileRefused
from dashboard.forms.uploads import UploadForm
from dashboard.models import SimilarityType, Upload
from dashboard.queries.jobs import job_about
from dashboard.queries.uploads import counts, failure_page, failures, get_upload
from dashboard.services.errors import Refused
from dashboard.services.similarity_types import find_or_create_type
from dashboard.services.uploads import start_upload
from dashboard.views.job_rows import retry_label
from dashboard.views.progress import shown_progress
from dashboard.views.rendering import may, missing_is_404, page_or_fragment, see_other
from dashboard.views.upload_spool import receives_files

# What makes a spreadsheet take a cell for a formula; a quote before it makes it a text again.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def _refused(request: WorkspaceRequest, sentence: str) -> HttpResponse:
    form = UploadForm(workspace=request.workspace)
    return _form_page(request, form, sentence)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("images.add")
@receives_files(refuse=_refused)
def upload_new(request: WorkspaceRequest) -> HttpResponse:
    """Take files in; their upload's page shows what becomes of them."""
    if request.method != "POST":
        return _form_page(request, UploadForm(workspace=request.workspace))
    form = UploadForm(request.POST, request.FILES, workspace=request.workspace)
    if not form.is_valid():
        return _form_page(request, form, form.first_error())
    try:
        upload, _ = start_upload(
            workspace=request.workspace,
            files=form.sent_files(),
            similarity_type=_chosen_type(request, form),
            actor=request.user,
        )
    except (Refused, FileRefused) as refusal:
        return _form_page(request, form, str(refusal))
    return _started(request, upload)


def _chosen_type(request: WorkspaceRequest, form: UploadForm) -> SimilarityType | None:
    chosen: SimilarityType | None = form.cleaned_data["similarity_type"]
    name = form.cleaned_data["new_type"]
    if not name:
        return chosen
    return find_or_create_type(
        workspace=request.workspace, name=name, exclusive=True, actor=request.user
    )


def _started(request: WorkspaceRequest, upload: Upload) -> HttpResponse:
    if not _wants_json(request):
        return see_other("upload", upload.id)
    return JsonResponse({"location": resolve_url("upload", upload.id)}, status=201)


def _form_page(request: WorkspaceRequest, form: UploadForm, error: str = "") -> HttpResponse:
    status = 422 if error else 200
    if error and _wants_json(request):
        return JsonResponse({"error": error}, status=status)
    return render(
        request, "dashboard/uploads/new.html", {"form": form, "error": error}, status=status
    )


def _wants_json(request: WorkspaceRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def upload(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Show an upload: its progress while it runs, what came of it, and each file that failed."""
    shown = get_upload(request.workspace, upload_id)
    job = job_about(request.workspace, shown.id)
    cursor = request.GET.get("cursor", "")
    found, by_status = failure_page(shown, cursor), counts(shown)
    context = {
        "upload": shown,
        "job": job,
        "progress": shown_progress(job, request.membership) if job else None,
        "counts": by_status,
        "total": sum(by_status.values()),
        "failures": found.rows,
        "retry": retry_label(request, job) if job else "",
        "can_add": may(request, "images.add"),
        "next_url": f"{request.path}?cursor={found.next}" if found.next else "",
    }
    fragment = "failures" if cursor else "outcome"
    return page_or_fragment(request, "dashboard/uploads/upload.html", fragment, context)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def upload_failures(request: WorkspaceRequest, upload_id: UUID) -> Any:
    """Send the failures as CSV, as long as the list may be: a stream, which is no HttpResponse."""
    shown = get_upload(request.workspace, upload_id)
    response = StreamingHttpResponse(_csv_lines(shown), content_type="text/csv; charset=utf-8")
    name = f"failures of {shown.name}.csv"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(shown: Upload) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(["file", "reason"])
    for row in failures(shown).values_list("name", "reason").iterator(chunk_size=2000):
        yield writer.writerow([_as_text(cell) for cell in row])


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
