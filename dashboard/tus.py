"""Implement the tus protocol 1.0 (https://tus.io): translate headers to services and back.

The views of pages and API find the upload or its file, check permissions, and leave the rest to
this module. No byte of a body is read before everything else is known to be valid.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Final, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import http_date

from accounts.models import User
from dashboard.files.errors import DiskLow
from dashboard.files.store.chunks import LARGEST, Checksum, ChecksumMismatch
from dashboard.models import Upload, UploadPart
from dashboard.queries.uploads.receiving import expires, offset
from dashboard.refusals import tus_status
from dashboard.services.errors import Refused
from dashboard.services.uploads.errors import OffsetTaken
from dashboard.services.uploads.receiving import append, register_part, withdraw_part

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,termination,expiration,checksum"
ALGORITHMS: Final = ("sha1", "sha256")
BODY: Final = "application/offset+octet-stream"
# A connection without further data would hold its thread forever.
SILENCE: Final = 60.0
_DIGITS: Final = 18


@dataclass
class TusRefused(Exception):
    """A request that the protocol does not allow."""

    status: int
    sentence: str


def options() -> HttpResponse:
    """Answer with the supported version, extensions and limits."""
    headers = {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(settings.LIKEWISE_MAX_UPLOAD),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return HttpResponse(status=204, headers=headers)


def method_of(request: HttpRequest) -> str:
    """Return the method; proxies may allow only POST, for which the protocol has a header."""
    if request.method == "POST":
        return request.headers.get("X-HTTP-Method-Override", "POST").upper()
    return request.method or "GET"


def create(
    request: HttpRequest, *, upload: Upload, actor: User, address: Callable[[UploadPart], str]
) -> HttpResponse:
    """Create a file from `Upload-Length` and `Upload-Metadata`, with its first bytes if sent.

    Of the metadata, `relativePath` or `filename`, and `sha256` are used.
    """

    def answer() -> HttpResponse:
        _check_version(request)
        if "Upload-Defer-Length" in request.headers:
            raise TusRefused(400, "Give the size of the file in Upload-Length.")
        size = _number(request, "Upload-Length")
        has_body = request.content_type == BODY
        length = _length(request) if has_body else 0
        # Headers are checked before the file is created, or a mistake would leave a file without
        # bytes.
        checksum = _checksum(request, length)
        given = _metadata(request)
        part = register_part(
            upload=upload,
            name=_name(given),
            size=size,
            sha256=given.get("sha256", ""),
            actor=actor,
        )
        if has_body:
            _receive(request, part, 0, length, checksum)
        headers = {"Location": address(part), **_place(part)}
        return HttpResponse(status=201, headers=headers)

    return _spoken(answer)


def resource(request: HttpRequest, *, part: UploadPart, actor: User) -> HttpResponse:
    """Answer with the offset of a file, append to it, or remove it."""

    def answer() -> HttpResponse:
        _check_version(request)
        method = method_of(request)
        if method == "PATCH":
            return _patch(request, part)
        if method == "DELETE":
            withdraw_part(part=part, actor=actor)
            return HttpResponse(status=204)
        if method not in ("HEAD", "GET"):
            raise TusRefused(405, f"{method[:20]} is not supported: send HEAD, PATCH or DELETE.")
        headers = _place(part) | {"Upload-Length": str(part.size), "Cache-Control": "no-store"}
        return HttpResponse(status=200, headers=headers)

    return _spoken(answer)


def _patch(request: HttpRequest, part: UploadPart) -> HttpResponse:
    if request.content_type != BODY:
        raise TusRefused(415, f"Send the bytes as {BODY}.")
    start, length = _number(request, "Upload-Offset"), _length(request)
    _receive(request, part, start, length, _checksum(request, length))
    return HttpResponse(status=204, headers=_place(part))


def _receive(
    request: HttpRequest, part: UploadPart, start: int, length: int, checksum: Checksum | None
) -> None:
    socket = request.META.get("gunicorn.socket")
    if socket is not None:
        # The socket of gunicorn's thread worker; other servers have their own limits.
        socket.settimeout(SILENCE)
    append(
        part=part, stream=cast("IO[bytes]", request), start=start, length=length, checksum=checksum
    )


def _spoken(answer: Callable[[], HttpResponse]) -> HttpResponse:
    """Return an answer, or the response for a refusal, with the headers of the protocol."""
    try:
        response = answer()
    except TusRefused as refusal:
        response = _refusal(refusal.status, refusal.sentence)
    except ChecksumMismatch:
        response = _refusal(460, "The bytes do not match their checksum. Send them again.")
    except DiskLow as refusal:
        response = _refusal(507, str(refusal))
    except Refused as refusal:
        response = _refusal(_status(refusal), str(refusal))
        if isinstance(refusal, OffsetTaken) and refusal.received is not None:
            # A client with a wrong offset can continue from here without another HEAD.
            response["Upload-Offset"] = str(refusal.received)
    response["Tus-Resumable"] = VERSION
    return response


def _status(refusal: Refused) -> int:
    if isinstance(refusal, OffsetTaken) and refusal.received is None:
        return 410
    return tus_status(refusal)


def _refusal(status: int, sentence: str) -> HttpResponse:
    headers = {"Tus-Version": VERSION} if status == 412 else {}
    return JsonResponse({"detail": sentence}, status=status, headers=headers)


def _place(part: UploadPart) -> dict[str, str]:
    place = {"Upload-Offset": str(offset(part))}
    if (until := expires(part.upload)) is not None:
        place["Upload-Expires"] = http_date(until.timestamp())
    return place


# Values of the headers


def _check_version(request: HttpRequest) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise TusRefused(412, f"Send the header Tus-Resumable with tus {VERSION}.")


def _number(request: HttpRequest, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise TusRefused(400, f"Send a number of bytes in the header {header}.")
    return int(text)


def _length(request: HttpRequest) -> int:
    text = str(request.META.get("CONTENT_LENGTH") or "")
    if not text.isdigit():
        raise TusRefused(411, "Send the body with a Content-Length instead of in chunks.")
    return int(text)


def _checksum(request: HttpRequest, length: int) -> Checksum | None:
    given = request.headers.get("Upload-Checksum")
    if given is None:
        return None
    algorithm, _, digest = given.partition(" ")
    if algorithm not in ALGORITHMS:
        raise TusRefused(400, f"The supported checksums are {', '.join(ALGORITHMS)}.")
    # Longer bodies become several objects, and a checksum covers the whole body: it could only be
    # checked once some objects are stored.
    if length > LARGEST:
        raise TusRefused(413, f"With a checksum, send up to {LARGEST >> 20} MB at once.")
    return Checksum(algorithm, _from_base64(digest, "Upload-Checksum"))


def _metadata(request: HttpRequest) -> dict[str, str]:
    given: dict[str, str] = {}
    for pair in filter(None, request.headers.get("Upload-Metadata", "").split(",")):
        key, _, value = pair.strip().partition(" ")
        decoded = _from_base64(value, "Upload-Metadata")
        try:
            given[key] = decoded.decode()
        except UnicodeDecodeError as error:
            raise TusRefused(400, f"The {key[:40]} of Upload-Metadata is not UTF-8.") from error
    return given


def _name(given: Mapping[str, str]) -> str:
    path = given.get("relativePath", "")
    name = path if path not in ("", "null") else given.get("filename") or given.get("name", "")
    return name or "file"


def _from_base64(text: str, header: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise TusRefused(400, f"The header {header} is not valid base64.") from error
