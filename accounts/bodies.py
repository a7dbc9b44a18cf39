"""Limit the size of request bodies before the CSRF check, which reads all of a form."""

from collections.abc import Callable
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import parse_header_parameters

# A visitor who is not signed in sends an email address and a password, and never a file.
SIGNED_OUT = 1 << 20
# The ids of 20,000 selected things, or the names of 1,000 files, which are not files either.
WITHOUT_FILES = 4 << 20
_MULTIPART = "multipart/form-data"


class BoundedBody:
    """Refuse a form that is too large, unread, or that has too many parts, while it is read.

    Views without a CSRF check limit their own bodies, since only they know who may send how much:
    the upload page and the API.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Call the next middleware."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Answer 413 for a body over the limit; runs before the middleware that reads it."""
        if request.content_type == _MULTIPART:
            _count_parts(request)
        # Nothing reads the body of such a view before the view itself does.
        if getattr(view, "csrf_exempt", False):
            return None
        length = request.META.get("CONTENT_LENGTH") or ""
        # Most requests end here, before the session is read from the database. To Django, a body
        # without a length is empty.
        if not length.isdecimal() or int(length) <= SIGNED_OUT:
            return None
        limit = _limit(request)
        if int(length) <= limit:
            return None
        return render(request, "413.html", {"limit": limit}, status=413)


def _limit(request: HttpRequest) -> int:
    if not request.user.is_authenticated:
        return SIGNED_OUT
    most: int = settings.LIKEWISE_MAX_BODY
    return most if request.content_type == _MULTIPART else min(WITHOUT_FILES, most)


def _count_parts(request: HttpRequest) -> None:
    """Count the parts of a form while it is read: Django counts only named ones, and reads all."""
    _, parameters = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))
    boundary = parameters.get("boundary", "")
    if boundary and (stream := getattr(request, "_stream", None)) is not None:
        counted: Any = CountedParts(stream, b"--" + boundary.encode(errors="replace"))
        request._stream = counted


class CountedParts:
    """A form's stream that raises an error once it has too many parts."""

    def __init__(self, stream: IO[bytes], mark: bytes) -> None:
        self._stream = stream
        self._mark = mark
        self._tail = b""
        fields = cast("int | None", settings.DATA_UPLOAD_MAX_NUMBER_FIELDS) or 0
        files = cast("int | None", settings.DATA_UPLOAD_MAX_NUMBER_FILES) or 0
        # Django's own limits, which have their own messages, are reached first.
        self._left = fields + files + 100

    def read(self, *size: int) -> bytes:
        """Read bytes. Raises `TooManyFieldsSent`."""
        return self._counted(self._stream.read(*size))

    def readline(self, *size: int) -> bytes:
        """Read a line. Raises `TooManyFieldsSent`."""
        return self._counted(self._stream.readline(*size))

    def _counted(self, piece: bytes) -> bytes:
        data = self._tail + piece
        self._left -= data.count(self._mark)
        if self._left < 0:
            raise TooManyFieldsSent("The form has too many parts.")
        # A boundary may span two reads; one character less than it cannot be counted twice.
        self._tail = data[len(data) - len(self._mark) + 1 :] if len(self._mark) > 1 else b""
        return piece
