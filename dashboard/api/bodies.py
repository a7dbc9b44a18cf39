"""How much of a body is read, and when: not before it is known who sends it, and that they may.

A body is received in pieces, a large one on the disk, so that nobody waits for a slow sender and a
slow sender takes no memory. Its values are counted before they are built. Large ones are held in
memory a few at a time.
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
SMALL: Final = 8 << 20  # larger ones arrive on the disk
LIGHT: Final = 32 << 20  # what sixteen threads may hold each
VALUE_WEIGHS: Final = 200  # bytes at most: an object of one entry
PERCENTS: Final = 2_000_000  # more than an image of 32 MB has as base64 in a form


class BodyTooLarge(APIException):
    """The body is over a limit; nothing of it was built."""

    status_code = 413
    default_code = "too_large"


class LengthRequired(APIException):
    """The body came in pieces of unknown number, which the web server does not pass on."""

    status_code = 411
    default_detail = "Send the body with a Content-Length instead of chunked."
    default_code = "length_required"


@dataclass(frozen=True)
class Limit:
    """The most that a body may be: bytes, or as many as `LIKEWISE_MAX_BODY` says; values of JSON.

    A form with JSON in it may have as many values in all its fields.
    """

    size: int | None
    values: int

    @property
    def bytes(self) -> int:
        """Return the most bytes."""
        most: int = settings.LIKEWISE_MAX_BODY
        return most if self.size is None else min(self.size, most)


# 10,000 ids take 0.4 MB as JSON and up to 1.7 MB as a form of parts.
PLAIN: Final = Limit(2 << 20, 100_000)
# 10,000 ids of records and as many names of fields, of 255 letters each.
NAMES: Final = Limit(24 << 20, 100_000)
# Images as base64, or 1,000 records with the fields that they shall have.
RECORDS: Final = Limit(None, 1_000_000)


def has_body(request: Request) -> bool:
    """Say whether the request has a body, of whatever length."""
    length = str(request.META.get("CONTENT_LENGTH") or "")
    return (length.isdecimal() and int(length) > 0) or _in_chunks(request)


def check_unread(request: Request) -> None:
    """Refuse a body for what its head says.

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
    """Return the body, which is read at the first call: judge before who may send it.

    Raises `BodyTooLarge`, `ParseError`, `ValidationError`.
    """
    body = request.data
    if not isinstance(body, dict):
        raise ValidationError({"detail": "The body must be a JSON object."})
    return body


def limit_of(context: Mapping[str, Any] | None) -> Limit | None:
    """Return the limit of the call that a parser reads for; None for one with limits of its own."""
    found: Limit | None = getattr((context or {}).get("view"), "body_limit", PLAIN)
    return found


def _in_chunks(request: Request) -> bool:
    return "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()


class Received:
    """A body that has arrived, and what was counted as it did."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.length = 0
        self.bound = 0
        self.wide = False

    def take(self, piece: bytes) -> None:
        """Keep a piece."""
        self.file.write(piece)
        self.length += len(piece)
        self.bound += bound_of(piece)
        # One letter is found twenty times as quickly as two. Python keeps a text in one, two or
        # four bytes a letter, by its widest letter.
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
    """Give a body once all of it has arrived."""
    folder = settings.FILE_UPLOAD_TEMP_DIR
    with SpooledTemporaryFile(max_size=SMALL, dir=str(folder)) as file:
        body = Received(cast("IO[bytes]", file))
        while piece := stream.read(_PIECE):
            body.take(piece)
        body.file.seek(0)
        yield body


def check_values(body: Received, limit: Limit) -> None:
    """Count what a JSON body says. Raises `BodyTooLarge`."""
    if has_more_values(body.pieces(), limit.values, body.bound):
        raise BodyTooLarge(f"The body has more than {limit.values:,} values. Send less at once.")


class BodyMemory:
    """Memory for large bodies: so many bytes in a process, and a few callers that wait for it."""

    WAITING = 4
    PATIENCE = 30.0

    def __init__(self) -> None:
        self.taken = 0
        self._waiting = 0
        self._changed = threading.Condition()

    def take(self, weight: int) -> int:
        """Wait until there is room, and return what to give back. Raises `Throttled`."""
        # Room for a few of the largest at once, or for one that weighs several times its length.
        most = max(512 << 20, 4 * settings.LIKEWISE_MAX_BODY)
        # One that weighs more than all there is gets in alone instead of never.
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
        """Let the next one in."""
        with self._changed:
            self.taken -= weight
            # All of them: which of those that wait now fits is for each to find out.
            self._changed.notify_all()


def _too_many_at_once() -> Throttled:
    refusal = Throttled(wait=1)
    refusal.detail = "Too many large bodies at once. Try again in a second."  # type: ignore[assignment]
    return refusal


memory = BodyMemory()


def hold(body: Received, context: Mapping[str, Any] | None, values: int = 0) -> None:
    """Take the room that a large body needs until the request ends; see `ApiView.dispatch`."""
    request = (context or {}).get("request")
    # The body and its texts; one with a rare letter takes four bytes for each of its letters.
    weight = (5 if body.wide else 2) * body.length + VALUE_WEIGHS * values
    if weight <= LIGHT or request is None:
        return
    held = getattr(request._request, "body_room", 0)
    request._request.body_room = held + memory.take(weight)
