"""Read what was received: the bytes of a part, incomplete parts, missing contents."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from accounts.models import Workspace
from dashboard.files.store.chunks import Piece, open_chunks
from dashboard.models import Job, Upload, UploadChunk, UploadPart
from dashboard.queries.library.images import images_in
from dashboard.queries.pages import Page, page_by_id
from dashboard.queries.uploads.uploads import uploads_in

PARTS_PER_PAGE = 1000
WAITING_FOR_SOMEBODY = (Upload.Stage.RECEIVING, Upload.Stage.PLANNED)
# The permission that an upload needs, by its purpose.
ACTIONS = {
    Upload.Purpose.IMAGES: "images.add",
    Upload.Purpose.DESCRIBE: "descriptors.extract",
    Upload.Purpose.WORKSPACE: "workspace.transfer",
}


def open_part(part: UploadPart) -> BinaryIO:
    """Open a part's bytes as one seekable file, with one piece in memory at a time."""
    rows = part.chunks.order_by("start").values_list("path", "start", "size")
    return open_chunks([Piece(*row) for row in rows])


def lacking(workspace: Workspace, hashes: Collection[str]) -> set[str]:
    """Return the contents that the workspace does not have."""
    rows = images_in(workspace).filter(sha256__in=hashes)
    return set(hashes) - set(rows.order_by().values_list("sha256", flat=True))


def offset(part: UploadPart) -> int:
    """Return the offset at which a part continues; a known part is complete without being sent."""
    # A tus client then finds nothing to send, and needs no call of its own for known files.
    return part.size if part.known else part.received


def is_missing() -> Q:
    """Return the condition of a part that is not fully uploaded."""
    return Q(known=False) & ~Q(received=F("size"))


def action_of(upload: Upload) -> str:
    """Return the permission that sending to an upload needs."""
    return ACTIONS[Upload.Purpose(upload.purpose)]


def get_part(upload: Upload, part_id: int) -> UploadPart:
    """Return one part with its upload. Raises `UploadPart.DoesNotExist`."""
    part = upload.parts.get(pk=part_id)
    part.upload = upload
    return part


def missing_parts(upload: Upload) -> QuerySet[UploadPart]:
    """Return the parts that are not fully uploaded, in the order in which they were registered."""
    return upload.parts.filter(is_missing()).order_by("pk")


def parts_page(
    upload: Upload, cursor: str = "", *, missing: bool = False, size: int = PARTS_PER_PAGE
) -> Page[UploadPart]:
    """Read one page of the parts. Raises `BadCursor`."""
    return page_by_id(missing_parts(upload) if missing else upload.parts.all(), cursor, size)


def totals(upload: Upload) -> dict[str, int]:
    """Count parts and bytes: all, received and known."""
    known = Q(known=True)
    sums = upload.parts.aggregate(
        files=Count("pk"),
        bytes=Sum("size", default=0),
        known_files=Count("pk", filter=known),
        known_bytes=Sum("size", filter=known, default=0),
        missing_files=Count("pk", filter=is_missing()),
        received_bytes=Sum("received", default=0),
    )
    return dict(sums)


def unfinished_uploads(workspace: Workspace, limit: int = 5) -> list[Upload]:
    """Return the uploads that were begun and not imported, the newest first."""
    rows = uploads_in(workspace).filter(stage__in=WAITING_FOR_SOMEBODY).exclude(has_job())
    return list(rows.select_related("created_by").order_by("-created", "-id")[:limit])


def has_job() -> Exists:
    """Return the condition of an upload with an unfinished job."""
    busy = Job.objects.filter(subject_id=OuterRef("pk")).exclude(state__in=Job.FINISHED)
    return Exists(busy)


def abandoned_uploads(now: datetime) -> QuerySet[Upload]:
    """Return the uploads of all workspaces that were neither continued, finished nor imported."""
    before = now - timedelta(days=settings.LIKEWISE_KEEP_UPLOADS)
    # `modified` is updated while pieces arrive, so an active upload is never abandoned.
    left = Upload.objects.filter(stage__in=WAITING_FOR_SOMEBODY, modified__lt=before)
    return left.filter(~has_job())


def forgotten_chunks(limit: int) -> list[UploadChunk]:
    """Return the objects of discarded parts that a kill left behind."""
    return list(UploadChunk.objects.filter(part__path="").order_by("pk")[:limit])


def expires(upload: Upload) -> datetime | None:
    """Return when an upload is deleted if nobody continues it; None if it is not."""
    if upload.stage not in WAITING_FOR_SOMEBODY:
        return None
    return upload.modified + timedelta(days=settings.LIKEWISE_KEEP_UPLOADS)


def find_receiving(workspace: Workspace, upload_id: UUID) -> Upload:
    """Return one upload with the rows that its page shows. Raises `Upload.DoesNotExist`."""
    return uploads_in(workspace).select_related("created_by", "workspace").get(pk=upload_id)
