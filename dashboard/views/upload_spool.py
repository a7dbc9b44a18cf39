"""Receive a form of up to ten thousand files with one open file and little memory.

Django's own handlers keep each file in memory or open until the answer is sent: ten thousand of
them are more open files than a process may have. Here all of them lie one after another in a
single temporary file. Nothing is received before the person is known and may upload: put
`receives_files` below `requires`.
"""

from __future__ import annotations  # Django's UploadedFile is generic for type checkers only

import io
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import wraps
from typing import IO, Any, Concatenate, ParamSpec

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from accounts.http import WorkspaceRequest
from dashboard.files.errors import readable_size

P = ParamSpec("P")
View = Callable[Concatenate[WorkspaceRequest, P], HttpResponse]
_DRAIN = 1 << 20


class Section(io.RawIOBase):
    """A part of a file, read as a file of its own; closing it leaves the whole open."""

    def __init__(self, whole: IO[bytes], start: int, size: int) -> None:
        self._whole, self._start, self._size = whole, start, size
        self._at = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the place within the section."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place within the section."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read up to the section's end."""
        self._whole.seek(self._start + self._at)
        data = self._whole.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class Spool(FileUploadHandler):
    """Write every file of a form to the end of one temporary file."""

    def __init__(self) -> None:
        super().__init__()
        self.file = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115

    def new_file(self, *args: Any, **options: Any) -> None:
        """Remember where the file begins."""
        super().new_file(*args, **options)
        self.start = self.file.tell()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002
        """Take a piece of the file."""
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[Any]:
        """Return the file as a section of the whole."""
        section: Any = Section(self.file, self.start, file_size)
        return UploadedFile(section, self.file_name, self.content_type, file_size, self.charset)

    def close(self) -> None:
        """Let go of all the bytes."""
        self.file.close()


def receives_files(
    refuse: Callable[[WorkspaceRequest, str], HttpResponse],
) -> Callable[[View[P]], View[P]]:
    """Receive a view's files by `Spool`; `refuse` answers, in a sentence, what is too much."""

    def decorate(view: View[P]) -> View[P]:
        protected: Any = csrf_protect(view)

        # The middleware's own check would read the whole body before anybody is asked.
        @csrf_exempt
        @wraps(view)
        def receiving(
            request: WorkspaceRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            if sentence := _too_large(request):
                return refuse(request, sentence)
            with closing(Spool()) as spool:
                request.upload_handlers = [spool]
                if sentence := _too_many(request):
                    return refuse(request, sentence)
                answer: HttpResponse = protected(request, *args, **kwargs)
                return answer

        return receiving

    return decorate


def _too_large(request: WorkspaceRequest) -> str:
    limit = settings.LIKEWISE_MAX_UPLOAD
    if int(request.META.get("CONTENT_LENGTH") or 0) <= limit:
        return ""
    return f"This is more than {readable_size(limit)}, which is the most at once. Send it in parts."


def _too_many(request: WorkspaceRequest) -> str:
    try:
        request.POST  # noqa: B018  # the first look at it receives the files
    except TooManyFilesSent:
        # A browser shows no answer as long as it is still sending.
        while request.read(_DRAIN):
            pass
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        return f"These are more than {most:,} files. Send fewer at once, or pack them into a ZIP."
    return ""
