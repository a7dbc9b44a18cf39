"""Send the bytes of images. The signed URL is the permission: no session, query or redirect."""

import mimetypes
import time
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from dashboard.files.store import links, paths, storage


@require_safe
def image_file(
    request: HttpRequest, workspace_id: UUID, image_id: UUID, extension: str
) -> FileResponse:
    """Send a stored image."""
    seconds = _seconds_left(request)
    return _send(paths.image(workspace_id, image_id, extension), seconds)


@require_safe
def thumbnail_file(request: HttpRequest, workspace_id: UUID, image_id: UUID) -> FileResponse:
    """Send a thumbnail."""
    seconds = _seconds_left(request)
    return _send(paths.thumbnail(workspace_id, image_id), seconds)


def _seconds_left(request: HttpRequest) -> int:
    """Return how long the URL is valid, in seconds; 403 if it is not, before anything is read."""
    now, query = time.time(), request.GET.dict()
    if not links.verify(request.path, query, now):
        raise PermissionDenied("This link has expired or was changed. Reload the page.")
    return links.seconds_left(query, now)


def _send(path: str, seconds: int) -> FileResponse:
    try:
        file = storage.open(path)
    except FileNotFoundError as error:
        raise Http404("This image was deleted.") from error
    response = FileResponse(file, content_type=mimetypes.guess_type(path)[0])
    # No longer than the URL: a browser must not show what it could no longer fetch. The bytes of
    # one id never change.
    response["Cache-Control"] = f"private, max-age={seconds}, immutable"
    # If bytes were ever interpreted as a page, nothing in them could run on this origin.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
