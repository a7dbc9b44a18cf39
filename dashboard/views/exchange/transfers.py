"""Export a workspace as one archive, show and download it; import one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.files.sizes import readable_size
from dashboard.models import Job, Transfer, Upload
from dashboard.queries.exchange.transfers import get_transfer, transfers_in
from dashboard.queries.jobs.jobs import job_about, jobs_about
from dashboard.queries.pages import page
from dashboard.services.errors import Refused
from dashboard.services.exchange.transfers import delete_transfer, open_import, start_export
from dashboard.views.extractions.downloads import download
from dashboard.views.jobs.progress import shown_if_any
from dashboard.views.rendering import missing_is_404, page_or_fragment, see_other

PAGE = "dashboard/exchange/transfers/list.html"
# The counted nouns, with the archive's names and their labels.
NOUNS = (
    ("images", "Images"),
    ("types", "Types"),
    ("groups", "Groups"),
    ("members", "Group members"),
    ("regions", "Regions"),
    ("tasks", "Tasks"),
    ("versions", "Versions"),
    ("collections", "Collections"),
    ("records", "Records"),
)


@dataclass(frozen=True)
class TransferRow:
    """An export or an import with its job, if there is one."""

    transfer: Transfer
    job: Job | None

    @property
    def goes_out(self) -> bool:
        """Return whether it is an export."""
        return self.transfer.direction == Transfer.Direction.EXPORT

    @property
    def name(self) -> str:
        """Return its name."""
        if self.goes_out:
            return f"Export of {self.transfer.workspace}"
        return f"Import of {self.transfer.upload}"

    @property
    def is_waiting(self) -> bool:
        """Return whether its archive is still being uploaded."""
        upload = self.transfer.upload
        return upload is not None and upload.stage == Upload.Stage.RECEIVING

    @property
    def size(self) -> str:
        """Return the size of the archive; an empty string if there is none."""
        return readable_size(self.transfer.size) if self.transfer.path else ""

    @property
    def counts(self) -> list[tuple[str, int]]:
        """Return how many of each noun are in the archive; an empty list before it is known."""
        known = self.transfer.counts
        return [(label, known.get(noun, 0)) for noun, label in NOUNS] if known else []

    @property
    def file_name(self) -> str:
        """Return a file name that a shell accepts without quotes."""
        stem = slugify(self.transfer.workspace.name, allow_unicode=True)[:100].strip("-")
        return f"{stem or 'workspace'}-{self.transfer.created:%Y-%m-%d}.zip"


@never_cache
@require_safe
@requires("workspace.transfer")
@missing_is_404
def transfers(request: WorkspaceRequest) -> HttpResponse:
    """List exports and imports, newest first, and offer another."""
    rows = transfers_in(request.workspace).select_related("workspace")
    found = page(rows, request.GET.get("cursor", ""))
    jobs = jobs_about(request.workspace, [row.pk for row in found.rows])
    context = {
        "rows": [TransferRow(row, jobs.get(row.pk)) for row in found.rows],
        "next_url": f"{request.path}?cursor={found.next}" if found.next else "",
    }
    return page_or_fragment(request, PAGE, "rows", context)


@never_cache
@require_POST
@requires("workspace.transfer")
def transfer_export(request: WorkspaceRequest) -> HttpResponse:
    """Start an export of the workspace."""
    try:
        made, _ = start_export(workspace=request.workspace, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return see_other("transfers")
    return see_other("transfer", made.pk)


@never_cache
@require_POST
@requires("workspace.transfer")
def transfer_import(request: WorkspaceRequest) -> HttpResponse:
    """Begin an import; its archive is uploaded like any other file."""
    made = open_import(workspace=request.workspace, name="Workspace archive", actor=request.user)
    return see_other("upload-sending", made.upload_id)


@never_cache
@require_safe
@requires("workspace.transfer")
@missing_is_404
def transfer(request: WorkspaceRequest, transfer_id: UUID) -> HttpResponse:
    """Show an export or an import: its progress while it runs, then its result."""
    shown = get_transfer(request.workspace, transfer_id)
    job = job_about(request.workspace, shown.pk)
    context = {
        "row": TransferRow(shown, job),
        "progress": shown_if_any(job, request.membership),
    }
    return page_or_fragment(
        request, "dashboard/exchange/transfers/transfer.html", "outcome", context
    )


@never_cache
@require_safe
@requires("workspace.transfer")
@missing_is_404
def transfer_file(request: WorkspaceRequest, transfer_id: UUID) -> Any:
    """Send the archive as a stream."""
    shown = get_transfer(request.workspace, transfer_id)
    return download(
        request,
        shown.path,
        filename=TransferRow(shown, None).file_name,
        content_type="application/zip",
        missing="This archive is no longer stored: export the workspace again.",
    )


@never_cache
@require_POST
@requires("workspace.transfer")
@missing_is_404
def transfer_delete(request: WorkspaceRequest, transfer_id: UUID) -> HttpResponse:
    """Delete an archive, or end an import; imported data is kept."""
    delete_transfer(transfer=get_transfer(request.workspace, transfer_id), actor=request.user)
    messages.success(request, "Deleted.")
    return see_other("transfers")
