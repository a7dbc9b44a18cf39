"""Read uploads and their files."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import Workspace
from dashboard.models import Extraction, Job, Transfer, Upload, UploadFile, UploadPart
from dashboard.queries.pages import PAGE_SIZE, Page, page_by_id

# Errors of a file that do not concern its bytes; see `UploadFile.refuse`.
NOT_OF_THE_BYTES = ["path", "row", "file", "name", "url", "group", "type", "test", "real"]


def uploads_in(workspace: Workspace) -> QuerySet[Upload]:
    """Return the workspace's uploads."""
    related = ("workspace", "similarity_type", "undone_by")
    return Upload.objects.in_workspace(workspace).select_related(*related)


def get_upload(workspace: Workspace, upload_id: UUID) -> Upload:
    """Return one upload. Raises `Upload.DoesNotExist`."""
    return uploads_in(workspace).get(pk=upload_id)


def counts(upload: Upload) -> dict[str, int]:
    """Count the upload's files by status, with every status."""
    rows = upload.files.order_by().values_list("status").annotate(Count("id"))
    return dict.fromkeys(UploadFile.Status.values, 0) | dict(rows)


def foreseen_counts(upload: Upload) -> Counter[str]:
    """Count the upload's files by planned outcome, without the skipped ones."""
    rows = upload.files.exclude(status=UploadFile.Status.LEFT_OUT)
    return Counter(dict(rows.order_by().values_list("foreseen").annotate(Count("id"))))


def failures(upload: Upload) -> QuerySet[UploadFile]:
    """Return the files that were not imported, or would not be, in upload order."""
    if upload.stage == Upload.Stage.PLANNED:
        wrong = upload.files.filter(foreseen=UploadFile.Foreseen.WRONG)
        return wrong.filter(status=UploadFile.Status.WAITING).order_by("id")
    return upload.files.filter(status=UploadFile.Status.FAILED).order_by("id")


def failure_page(upload: Upload, cursor: str = "", size: int = PAGE_SIZE) -> Page[UploadFile]:
    """Read one page of the failures. Raises `BadCursor`."""
    return page_by_id(failures(upload), cursor, size)


def retryable(upload_id: UUID) -> QuerySet[UploadFile]:
    """Return the files that were not imported and could be if they are read again.

    A file with an error in its manifest or its path would fail in the same way. The bytes of a
    failed file must still be stored, or have a URL.
    """
    rows = UploadFile.objects.filter(upload=upload_id)
    failed = Q(status=UploadFile.Status.FAILED) & ~Q(wrong__has_any_keys=NOT_OF_THE_BYTES)
    waiting = Q(status=UploadFile.Status.WAITING)
    # By joins: a list of all stored parts would be as long as the installation is old.
    stored = Q(part__path__gt="") | Q(source__part__path__gt="") | ~Q(url="")
    return rows.filter(waiting & (stored | Q(part__known=True)) | failed & stored)


def can_retry_upload(upload_id: UUID) -> bool:
    """Return whether files of an imported upload failed and could still be imported."""
    rows = Upload.objects.filter(pk=upload_id, stage=Upload.Stage.COMMITTED)
    unlisted = stored_parts().filter(upload=OuterRef("pk"), listed=False)
    return rows.filter(Exists(unlisted) | Exists(retryable(upload_id))).exists()


def is_busy(upload: Upload) -> bool:
    """Return whether a job of the upload is queued or running."""
    return Job.objects.filter(subject_id=upload.pk).exclude(state__in=Job.FINISHED).exists()


def stored_parts() -> QuerySet[UploadPart]:
    """Return the parts of all uploads whose bytes are still stored."""
    return UploadPart.objects.exclude(path="")


def unfinished_parts(upload_id: UUID) -> QuerySet[UploadPart]:
    """Return the stored parts of an upload with files that were not imported and could be."""
    # Two lists, each read once: a subquery for each part would read all files each time.
    left = retryable(upload_id).order_by()
    own, of_sources = left.values("part"), left.filter(source__isnull=False).values("source__part")
    return stored_parts().filter(
        Q(listed=False) | Q(pk__in=own) | Q(pk__in=of_sources), upload=upload_id
    )


def expired_parts(before: datetime) -> QuerySet[UploadPart]:
    """Return the stored parts of imported uploads that were not changed since then.

    An upload that is not imported is deleted as a whole, or not at all: `abandoned_uploads`.
    """
    over = (Upload.Stage.COMMITTED, Upload.Stage.UNDONE)
    rows = stored_parts().filter(upload__stage__in=over, upload__modified__lt=before)
    unfinished = Job.objects.exclude(state__in=Job.FINISHED)
    rows = rows.exclude(Exists(unfinished.filter(subject_id=OuterRef("upload"))))
    # Their jobs have the transfer or extraction as subject, not the upload whose bytes they read.
    for model in (Transfer, Extraction):  # an import, or an extraction of uploaded images
        busy = model.objects.filter(pk__in=unfinished.values("subject_id"))
        rows = rows.exclude(Exists(busy.filter(upload=OuterRef("upload"))))
    return rows
