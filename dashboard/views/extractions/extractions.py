"""Start, show and download extractions."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.http import urlencode
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.files.sizes import readable_size
from dashboard.forms.extractions import ExtractionForm, SentForm
from dashboard.models import Extraction, Job, Upload
from dashboard.queries.extractions.extractions import extractions_in, get_extraction
from dashboard.queries.jobs.jobs import job_about, jobs_about
from dashboard.queries.library.image_filters import filter_words
from dashboard.queries.pages import page
from dashboard.queries.training.versions import find_default
from dashboard.services.errors import Refused
from dashboard.services.extractions.extractions import start_extraction
from dashboard.services.extractions.sending import describe_addresses, open_extraction
from dashboard.views.extractions.downloads import download
from dashboard.views.jobs.progress import shown_if_any
from dashboard.views.rendering import damaged, missing_is_404, page_or_fragment, see_other

PAGE = "dashboard/extractions/list.html"
PREFILLED = ("version", "similarity_type", "group", "filter")
GROUP_CHOICE = "group-choice"
CONTENT_TYPES = {
    Extraction.Format.PARQUET: "application/vnd.apache.parquet",
    Extraction.Format.NPZ: "application/octet-stream",
    Extraction.Format.JSONL: "application/x-ndjson",
    Extraction.Format.CSV: "text/csv; charset=utf-8",
}


@dataclass(frozen=True)
class ExtractionRow:
    """An extraction with its images in words, its size, and its job, if it still exists."""

    extraction: Extraction
    job: Job | None

    @property
    def of(self) -> str:
        """Return a description of its images."""
        if self.extraction.upload is not None:
            return f"images of the upload “{self.extraction.upload}”"
        if self.extraction.filter_words:
            return self.extraction.filter_words
        if self.extraction.group:
            return f"images of the group “{self.extraction.group}”"
        if self.extraction.similarity_type:
            return f"images of the type “{self.extraction.similarity_type}”"
        return "all images"

    @property
    def is_waiting(self) -> bool:
        """Return whether its images are still being uploaded."""
        upload = self.extraction.upload
        return upload is not None and upload.stage == Upload.Stage.RECEIVING

    @property
    def filter(self) -> str:
        """Return its filter as the query string of the grid."""
        return urlencode(self.extraction.filter)

    @property
    def size(self) -> str:
        """Return the size of the file; an empty string if there is none."""
        return readable_size(self.extraction.size) if self.extraction.path else ""

    @property
    def file_name(self) -> str:
        """Return a file name that a shell accepts without quotes."""
        version = self.extraction.version
        words = f"{version.task} v{version.number} {self.of}"
        stem = slugify(words, allow_unicode=True)[:120].strip("-")
        return f"{stem}.{self.extraction.format}"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("descriptors.extract")
@missing_is_404
def extractions(request: WorkspaceRequest) -> HttpResponse:
    """List the extractions, newest first, and start another."""
    if request.method != "POST":
        initial: dict[str, Any] = {name: request.GET.get(name, "") for name in PREFILLED}
        initial["version"] = initial["version"] or find_default(request.workspace)
        # PostgreSQL refuses a null character in a query.
        name = request.GET.get("group_name", "").replace("\0", "")[:255]
        form = ExtractionForm(workspace=request.workspace, group_name=name, initial=initial)
        return _list_page(request, form)
    form = ExtractionForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        return _list_page(request, form)
    wanted = dict(form.cleaned_data)
    try:
        extraction, _ = start_extraction(
            workspace=request.workspace,
            image_filter=wanted.pop("filter"),
            **wanted,
            actor=request.user,
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _list_page(request, form)
    return see_other("extraction", extraction.id)


@never_cache
@require_POST
@requires("descriptors.extract")
def extraction_send(request: WorkspaceRequest) -> HttpResponse:
    """Extract from images at URLs, or redirect to where images are uploaded."""
    sent = SentForm(request.POST, workspace=request.workspace)
    if not sent.is_valid():
        form = ExtractionForm(workspace=request.workspace)
        return _list_page(request, form, sent)
    wanted = dict(sent.cleaned_data)
    addresses = wanted.pop("addresses")
    if not addresses.strip():
        upload = open_extraction(workspace=request.workspace, **wanted, actor=request.user)
        return see_other("upload-sending", upload.id)
    try:
        made = describe_addresses(
            workspace=request.workspace, addresses=addresses, **wanted, actor=request.user
        )
    except Refused as refusal:
        sent.add_error(None, str(refusal))
        return _list_page(request, ExtractionForm(workspace=request.workspace), sent)
    return see_other("extraction", made.id)


def _list_page(
    request: WorkspaceRequest, form: ExtractionForm, sent: SentForm | None = None
) -> HttpResponse:
    # Only the choice: the person is typing a name and needs no other part of this page.
    if request.htmx and request.htmx.target == GROUP_CHOICE:
        return page_or_fragment(request, PAGE, GROUP_CHOICE, {"form": form})
    try:
        chosen = form.shown_filter()
    except ValidationError as error:
        return damaged(request, str(error.message))
    rows = extractions_in(request.workspace).select_related("created_by")
    found = page(rows, request.GET.get("cursor", ""))
    jobs = jobs_about(request.workspace, [row.pk for row in found.rows])
    versions: Any = form.fields["version"].widget
    context = {
        "form": form,
        "sent_form": sent
        or SentForm(
            workspace=request.workspace, initial={"version": form.initial.get("version", "")}
        ),
        "filter_words": filter_words(chosen) if chosen else "",
        "has_version": len(versions.choices) > 1,
        "rows": [ExtractionRow(row, jobs.get(row.pk)) for row in found.rows],
        "next_url": f"{request.path}?cursor={found.next}" if found.next else "",
    }
    status = 422 if form.is_bound or sent else 200
    return page_or_fragment(request, PAGE, "rows", context, status=status)


@never_cache
@require_safe
@requires("descriptors.extract")
@missing_is_404
def extraction(request: WorkspaceRequest, extraction_id: UUID) -> HttpResponse:
    """Show an extraction: its progress while it runs, then the file and how to read it."""
    shown = get_extraction(request.workspace, extraction_id)
    job = job_about(request.workspace, shown.pk)
    context = {
        "row": ExtractionRow(shown, job),
        "progress": shown_if_any(job, request.membership),
    }
    return page_or_fragment(request, "dashboard/extractions/extraction.html", "outcome", context)


@never_cache
@require_safe
@requires("descriptors.extract")
@missing_is_404
def extraction_file(request: WorkspaceRequest, extraction_id: UUID) -> Any:
    """Send the whole file as a stream, which is not an HttpResponse."""
    shown = get_extraction(request.workspace, extraction_id)
    return download(
        request,
        shown.path,
        filename=ExtractionRow(shown, None).file_name,
        content_type=CONTENT_TYPES[Extraction.Format(shown.format)],
        missing="This file is no longer stored: extract it again.",
    )
