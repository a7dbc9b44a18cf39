"""Reading uploads."""

from uuid import UUID

from django.db.models import Count, QuerySet

from accounts.models import Workspace
from dashboard.models import Upload, UploadFile
from dashboard.models.base import ScopedQuerySet


def uploads_in(workspace: Workspace) -> ScopedQuerySet[Upload]:
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
