"""How long the bytes of an upload stay as they were sent."""

from datetime import timedelta
from itertools import groupby
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from dashboard.files import paths, storage
from dashboard.models import Upload, UploadPart
from dashboard.queries.uploads import expired_parts, stored_parts, unfinished_parts
from dashboard.services.receiving import forget_parts
from dashboard.services.upload_batches import remove_unborn

PARTS_AT_ONCE = 500


def close_upload(*, upload_id: UUID) -> None:
    """Remove the bytes as sent, but for those that could be tried again, which stay for days.

    See `LIKEWISE_KEEP_UPLOADS`.
    """
    upload = Upload.objects.select_related("workspace").get(pk=upload_id)
    remove_unborn(upload)
    Upload.objects.filter(pk=upload.pk).update(modified=timezone.now())
    left = unfinished_parts(upload.pk).values("pk")
    _remove_bytes(stored_parts().filter(upload=upload).exclude(pk__in=left))


def forget_uploads() -> int:
    """Remove what was sent, did not come in and was kept long enough; returns how many parts."""
    kept = timedelta(days=settings.LIKEWISE_KEEP_UPLOADS)
    return _remove_bytes(expired_parts(timezone.now() - kept))


def _remove_bytes(parts: QuerySet[UploadPart]) -> int:
    """Remove the bytes of parts, and the folders of uploads of which nothing is left."""
    count = 0
    rows = parts.select_related("upload").order_by("upload", "pk")
    while found := list(rows[:PARTS_AT_ONCE]):
        forget_parts(found)
        count += len(found)
        for upload, _ in groupby(found, key=lambda part: part.upload):
            if not stored_parts().filter(upload=upload).exists():
                storage.delete_all(paths.upload(upload.workspace_id, upload.pk))
    return count
