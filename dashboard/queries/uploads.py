"""Reading uploads."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import Workspace
from dashboard.models import Job, Upload, UploadFile, UploadPart
from dashboard.queries.pages import PAGE_SIZE, BadCursor, Page

MAX_DIGITS = 18  # a number with more may not fit into the column


def uploads_in(workspace: Workspace) -> QuerySet[Upload]:
    """Return the workspace's uploads."""
    return Upload.objects.in_workspace(workspace).select_related("similarity_type")


def get_upload(workspace: Workspace, upload_id: UUID) -> Upload:
    """Return one upload; raises `Upload.DoesNotExist`."""
    return uploads_in(workspace).get(pk=upload_id)


def counts(upload: Upload) -> dict[str, int]:
    """Count the upload's files by status, every status named."""
    rows = upload.files.order_by().values_list("status").annotate(Count("id"))
    return dict.fromkeys(UploadFile.Status.values, 0) | dict(rows)


def failures(upload: Upload) -> QuerySet[UploadFile]:
    """Return the files that did not go in, with their reasons, as they were sent."""
    return upload.files.filter(status=UploadFile.Status.FAILED).order_by("id")


def failure_page(upload: Upload, cursor: str = "", size: int = PAGE_SIZE) -> Page[UploadFile]:
    """Read one page of the failures; the cursor is the last row's id. Raises `BadCursor`."""
    rows = failures(upload)
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= MAX_DIGITS):
            raise BadCursor("This page's address is damaged: open the upload again.")
        rows = rows.filter(pk__gt=int(cursor))
    found = list(rows[: size + 1])
    return Page(found[:size], str(found[size - 1].pk) if len(found) > size else "")


def stored_parts() -> QuerySet[UploadPart]:
    """Return the parts of all uploads whose bytes, as they were sent, are still there."""
    return UploadPart.objects.exclude(path="")


def unfinished_parts(upload_id: UUID) -> QuerySet[UploadPart]:
    """Return the parts of an upload that have files which did not come in and could be read."""
    left = UploadFile.objects.filter(
        part=OuterRef("pk"), status__in=(UploadFile.Status.WAITING, UploadFile.Status.FAILED)
    )
    return stored_parts().filter(Q(listed=False) | Exists(left), upload=upload_id)


def expired_parts(before: datetime) -> QuerySet[UploadPart]:
    """Return what is still stored of uploads that nobody worked on since."""
    busy = Job.objects.filter(subject_id=OuterRef("upload")).exclude(state__in=Job.FINISHED)
    return stored_parts().filter(~Exists(busy), upload__modified__lt=before)
