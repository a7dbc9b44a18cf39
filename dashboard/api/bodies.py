"""Limit request bodies, and read them only after the sender and the permission are checked.

A body is received in pieces, a large one on the disk, so that nobody waits for a slow sender and a
slow sender uses no memory. Its values are counted before they are parsed. Only a few large bodies
are held in memory at a time.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, cast

from django.conf import settings
from rest_framework.exceptions import (
    APIException,
    Throttled,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.request import Request

from dashboard.files.tables.json_values import bound_of, has_more_values

_PIECE: Final = 256 << 10
SMALL: Final = 8 << 20  # larger ones are received on the disk
LIGHT: Final = 32 << 20  # sixteen threads may each hold this much
VALUE_WEIGHS: Final = 200  # bytes at most: an object of one entry
PERCENTS: Final = 2_000_000  # more than an image of 32 MB has as base64 in a form


class BodyTooLarge(APIException):
    """The body is over a limit; nothing of it was parsed."""

    status_code = 413
    default_code = "too_large"


class LengthRequired(APIException):
    """The body was sent in chunks without a length, which is not accepted."""

    status_code = 411
    default_detail = "Send the body with a Content-Length instead of chunked."
    default_code = "length_required"


@dataclass(frozen=True)
class Limit:
    """The limits of a body: bytes, by default `LIKEWISE_MAX_BODY`, and values of JSON.

    The limit of values also applies to all fields of a form with JSON together.
    """

    size: int | None
    values: int

    @property
    def bytes(self) -> int:
        """Return the limit in bytes."""
        most: int = settings.LIKEWISE_MAX_BODY
        return most if self.size is None else min(self.size, most)


# 10,000 ids take 0.4 MB as JSON and up to 1.7 MB as a multipart form.
PLAIN: Final = Limit(2 << 20, 100_000)
# 10,000 ids of records and as many names of fields, of 255 characters each.
NAMES: Final = Limit(24 << 20, 100_000)
# Images as base64, or 1,000 records with their fields.
RECORDS: Final = Limit(None, 1_000_000)


def has_body(request: Request) -> bool:
    """Return whether the request has a body, of whatever length."""
    length = str(request.META.get("CONTENT_LENGTH") or "")
    return (length.isdecimal() and int(length) > 0) or _in_chunks(request)


def check_unread(request: Request) -> None:
    """Refuse a body by its headers.

    Raises `BodyTooLarge`, `LengthRequired`, `UnsupportedMediaType`.
    """
    limit = limit_of(request.parser_context)
    if limit is None or not has_body(request):
        return
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if length.isdecimal() and int(length) > limit.bytes:
        raise BodyTooLarge(f"The body is over {limit.bytes >> 20} MB. Send less at once.")
    # Without a length no limit can be checked before the body is read.
    if not length:
        raise LengthRequired
    negotiator, parsers = request.negotiator, request.parsers or ()
    if negotiator is None or negotiator.select_parser(request, parsers) is None:
        raise UnsupportedMediaType(str(request.content_type))


def body_of(request: Request) -> dict[str, Any]:
    """Return the body, which is read by the first call: check permissions before.

    Raises `BodyTooLarge`, `ParseError`, `ValidationError`.
    """
    body = request.data
    if not isinstance(body, dict):
        raise ValidationError({"detail": "The body must be a JSON object."})
    return body


def limit_of(context: Mapping[str, Any] | None) -> Limit | None:
    """Return the limit of the call that a parser reads for; None if it has limits of its own."""
    found: Limit | None = getattr((context or {}).get("view"), "body_limit", PLAIN)
    return found


def _in_chunks(request: Request) -> bool:
    return "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()


class Received:
    """A received body, with counts that were made while it arrived."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.length = 0
        self.bound = 0
        self.wide = False

    def take(self, piece: bytes) -> None:
        """Store a piece."""
        self.file.write(piece)
        self.length += len(piece)
        self.bound += bound_of(piece)
        # Searching one character is twenty times as fast as searching two. Python stores a text
        # with one, two or four bytes per character, by its widest one.
        self.wide = self.wide or not piece.isascii() or (b"\\" in piece and b"\\u" in piece)

    def pieces(self) -> Iterator[bytes]:
        """Yield the body from its beginning."""
        self.file.seek(0)
        while piece := self.file.read(_PIECE):
            yield piece

    def whole(self) -> bytes:
        """Return the body."""
        self.file.seek(0)
        return self.file.read()


@contextmanager
def received(stream: IO[bytes]) -> Iterator[Received]:
    """Provide a body once all of it has arrived."""
    folder = settings.FILE_UPLOAD_TEMP_DIR
    with SpooledTemporaryFile(max_size=SMALL, dir=str(folder)) as file:
        body = Received(cast("IO[bytes]", file))
        while piece := stream.read(_PIECE):
            body.take(piece)
        body.file.seek(0)
        yield body


def check_values(body: Received, limit: Limit) -> None:
    """Count the values of a JSON body. Raises `BodyTooLarge`."""
    if has_more_values(body.pieces(), limit.values, body.bound):
        raise BodyTooLarge(f"The body has more than {limit.values:,} values. Send less at once.")


class BodyMemory:
    """The memory for large bodies: a limit for the process, and a few callers that wait."""

    WAITING = 4
    PATIENCE = 30.0

    def __init__(self) -> None:
        self.taken = 0
        self._waiting = 0
        self._changed = threading.Condition()

    def take(self, weight: int) -> int:
        """Wait for free memory, and return the number of bytes to release. Raises `Throttled`."""
        # Enough for a few of the largest at once, or for one that takes several times its length.
        most = max(512 << 20, 4 * settings.LIKEWISE_MAX_BODY)
        # One that needs more than all of it is admitted alone instead of never.
        weight = min(weight, most)
        with self._changed:
            if self.taken + weight > most:
                self._wait(weight, most)
            self.taken += weight
        return weight

    def _wait(self, weight: int, most: int) -> None:
        if self._waiting >= self.WAITING:
            raise _too_many_at_once()
        self._waiting += 1
        try:
            if not self._changed.wait_for(lambda: self.taken + weight <= most, self.PATIENCE):
                raise _too_many_at_once()
        finally:
            self._waiting -= 1

    def give_back(self, weight: int) -> None:
        """Release memory and admit the next one."""
        with self._changed:
            self.taken -= weight
            # All of them: each waiting one checks itself whether it fits now.
            self._changed.notify_all()


def _too_many_at_once() -> Throttled:
    refusal = Throttled(wait=1)
    refusal.detail = "Too many large bodies at once. Try again in a second."  # type: ignore[assignment]
    return refusal


memory = BodyMemory()


def hold(body: Received, context: Mapping[str, Any] | None, values: int = 0) -> None:
    """Reserve the memory of a large body until the request ends; see `ApiView.dispatch`."""
    request = (context or {}).get("request")
    # The body and its texts; one with a rare character takes four bytes for each of its characters.
    weight = (5 if body.wide else 2) * body.length + VALUE_WEIGHS * values
    if weight <= LIGHT or request is None:
        return
    held = getattr(request._request, "body_room", 0)
    request._request.body_room = held + memory.take(weight)
