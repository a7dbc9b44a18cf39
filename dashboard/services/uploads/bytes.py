"""Delete the uploaded bytes of an upload when they are no longer needed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dashboard.files.store import paths, storage
from dashboard.models import Upload, UploadPart
from dashboard.queries.uploads.uploads import expired_parts, stored_parts, unfinished_parts
from dashboard.services.row_locks import lock_all
from dashboard.services.uploads.batches import remove_unborn
from dashboard.services.uploads.receiving import forget_parts
from dashboard.services.workspaces.usage import let_go


def close_upload(*, upload_id: UUID) -> None:
    """Delete the uploaded bytes, except those that can be retried, which are kept for days.

    See `LIKEWISE_KEEP_UPLOADS`.
    """
    upload = Upload.objects.select_related("workspace").get(pk=upload_id)
    # While the rows still say which files were in progress.
    remove_unborn(upload)
    Upload.objects.filter(pk=upload.pk).update(modified=timezone.now())
    left = unfinished_parts(upload.pk).values("pk")
    _remove(upload, list(stored_parts().filter(upload=upload).exclude(pk__in=left).only("pk")))


def forget_uploads() -> int:
    """Delete uploaded files that were not imported and have expired; return how many parts."""
    before = timezone.now() - timedelta(days=settings.LIKEWISE_KEEP_UPLOADS)
    uploads = Upload.objects.filter(pk__in=expired_parts(before).values("upload"))
    return sum(_forget_expired(upload, before) for upload in uploads.order_by("pk"))


def _forget_expired(upload: Upload, before: datetime) -> int:
    with transaction.atomic():
        # A retry locks it, too: either the bytes are deleted, or there is a job that needs them.
        lock_all(Upload.objects.filter(pk=upload.pk))
        parts = list(expired_parts(before).filter(upload=upload).only("pk"))
        if parts:  # all that is stored, as the upload as a whole expires
            let_go(upload.workspace_id, stored_parts().filter(upload=upload))
    _remove(upload, parts)
    return len(parts)


def _remove(upload: Upload, parts: Sequence[UploadPart]) -> None:
    """Delete the bytes of parts, and the folder of an upload of which nothing is left."""
    forget_parts(upload, parts)
    if parts and not stored_parts().filter(upload=upload).exists():
        storage.delete_all(paths.upload(upload.workspace_id, upload.pk))
