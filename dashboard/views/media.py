"""The bytes of images. The link itself is the permission: no session, no query, no redirect."""

import mimetypes
import time
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from dashboard.files import links, paths, storage


@require_safe
def image_file(request: HttpRequest, workspace_id: UUID, name: str) -> FileResponse:
    """Send a stored image."""
    image_id, _, extension = name.partition(".")
    return _send(request, paths.image(workspace_id, UUID(image_id), extension))


@require_safe
def thumbnail_file(request: HttpRequest, workspace_id: UUID, name: str) -> FileResponse:
    """Send a thumbnail."""
    return _send(request, paths.thumbnail(workspace_id, UUID(name.partition(".")[0])))


def _send(request: HttpRequest, path: str) -> FileResponse:
    now = time.time()
    if not links.verify(request.path, request.GET.dict(), now):
        raise PermissionDenied("This link has expired or was altered: open the page again.")
    try:
        file = storage.open(path)
    except FileNotFoundError as error:
        raise Http404("This image was deleted.") from error
    response = FileResponse(file, content_type=mimetypes.guess_type(path)[0])
    seconds = links.seconds_left(request.GET.dict(), now)
    response["Cache-Control"] = f"private, max-age={seconds}, immutable"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
