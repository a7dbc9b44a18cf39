"""Parse forms as bodies."""

import re
from collections.abc import Mapping
from typing import IO, Any, Final

from rest_framework import parsers
from rest_framework.exceptions import ParseError

from dashboard.api.bodies import PERCENTS, BodyTooLarge, hold, received

_LOOKED_AT: Final = 64 * 1024
_MARKS: Final = re.compile(rb"^--[^\r\n]*\r?$", re.MULTILINE)


class FormParser(parsers.FormParser):
    """Parses a URL-encoded form, whose percent escapes are counted first."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the fields. Raises `BodyTooLarge`."""
        with received(stream) as body:
            # Django makes a string for each of them while it decodes: memory of many times the
            # body.
            if sum(piece.count(b"%") for piece in body.pieces()) > PERCENTS:
                raise BodyTooLarge(
                    f"The form has more than {PERCENTS:,} percent signs. Send JSON instead."
                )
            hold(body, parser_context)
            body.file.seek(0)
            return super().parse(body.file, media_type, parser_context)


class MultiPartParser(parsers.MultiPartParser):
    """Parses a multipart form; one whose parts cannot be read is refused, not treated as empty."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return fields and files. Raises `ParseError`."""
        with received(stream) as body:
            hold(body, parser_context)
            watched: Any = _Watched(body.file)
            parsed = super().parse(watched, media_type, parser_context)
        if not parsed.data and not parsed.files and _MARKS.sub(b"", watched.head).strip():
            raise ParseError(
                "The form has no part that can be read. Send every field as a part with a "
                "Content-Disposition that names it."
            )
        return parsed


class _Watched:
    """A stream that remembers its beginning."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.head = b""

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        if len(self.head) < _LOOKED_AT:
            self.head += data[: _LOOKED_AT - len(self.head)]
        return data
