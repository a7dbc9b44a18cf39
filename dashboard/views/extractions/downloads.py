"""Send files as downloads: streamed, and resumable after an interruption."""

import re
from collections.abc import Iterator
from typing import IO, Any, Final

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from dashboard.files.store import storage

_CHUNK: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def download(
    request: HttpRequest, path: str, *, filename: str, content_type: str, missing: str
) -> Any:
    """Send a stored file, whole or the requested range, without holding it in memory.

    A stored file never changes, so its name identifies the content for resuming. Raises `Http404`,
    with the sentence `missing` for a file that was deleted; `path` is empty before it is complete.
    """
    if not path:
        raise Http404("This file is not complete yet.")
    try:
        file, size = storage.open(path), storage.size(path)
    except FileNotFoundError as error:
        raise Http404(missing) from error
    tag = f'"{path.rsplit("/", 1)[-1]}"'
    span = _span(request, size, tag)
    response: Any
    if span is None:
        response = FileResponse(
            file, as_attachment=True, filename=filename, content_type=content_type
        )
    elif not span:
        file.close()
        response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    else:
        response = _part(file, span, size, content_type)
        response["Content-Disposition"] = content_disposition_header(
            as_attachment=True, filename=filename
        )
    response["Accept-Ranges"], response["ETag"] = "bytes", tag
    return response


def _part(file: Any, span: range, size: int, content_type: str) -> StreamingHttpResponse:
    file.seek(span.start)
    response = StreamingHttpResponse(
        _Stretch(file, len(span)), status=206, content_type=content_type
    )
    response["Content-Length"] = str(len(span))
    response["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    return response


class _Stretch:
    """A number of bytes of a file from its position; it is closed even if nobody reads it."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size

    def __iter__(self) -> Iterator[bytes]:
        while self._left and (data := self._file.read(min(self._left, _CHUNK))):
            self._left -= len(data)
            yield data

    def close(self) -> None:
        self._file.close()


def _span(request: HttpRequest, size: int, tag: str) -> range | None:
    """Return the requested range: empty if it is invalid, None for the whole file.

    Several ranges at once are not supported: the whole file is a valid response to them, too.
    """
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    # The file is another one now: a range of it would not fit the browser's part.
    if asked is None or request.headers.get("If-Range", tag) != tag:
        return None
    first, last = asked.groups()
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(size, int(last) + 1 if last else size))
