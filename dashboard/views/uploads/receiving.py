"""Upload files: choose them, send them piece by piece, resume after any interruption."""

from __future__ import annotations  # Django's UploadedFile is generic for type checkers only

import io
from typing import IO, Any, cast
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import check, requires
from accounts.http import WorkspaceRequest
from dashboard import tus
from dashboard.files.archives.junk import PATTERN
from dashboard.files.errors import DiskLow
from dashboard.forms.receiving import BadList, read_files
from dashboard.forms.uploads import PlainUploadForm, UploadForm
from dashboard.models import Upload, UploadPart
from dashboard.queries.uploads.receiving import (
    action_of,
    find_receiving,
    get_part,
    offset,
    parts_page,
    totals,
    unfinished_uploads,
)
from dashboard.refusals import status_of
from dashboard.services.errors import Refused
from dashboard.services.uploads.errors import NotWhole
from dashboard.services.uploads.receiving import (
    append,
    discard_upload,
    open_upload,
    register_part,
    register_parts,
)
from dashboard.services.uploads.receiving_end import finish_receiving, finish_upload
from dashboard.views.rendering import may, missing_is_404, page_or_fragment, see_other
from dashboard.views.uploads.receiving_bodies import takes_files, with_token

# The next step, by the purpose of an upload: with a review, and without.
DOES = {
    Upload.Purpose.IMAGES: ("Review", "Import"),
    Upload.Purpose.DESCRIBE: ("Extract embeddings", "Extract embeddings"),
    Upload.Purpose.WORKSPACE: ("Import", "Import"),
}
TUS = ["HEAD", "OPTIONS", "PATCH", "POST", "DELETE"]


def _refused(request: WorkspaceRequest, sentence: str) -> HttpResponse:
    return _form_page(request, PlainUploadForm(workspace=request.workspace), sentence)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("images.add")
@takes_files(refuse=_refused)
def upload_new(request: WorkspaceRequest) -> HttpResponse:
    """Show the form; without JavaScript it also sends a few files."""
    if request.method != "POST":
        return _form_page(request, PlainUploadForm(workspace=request.workspace))
    form = PlainUploadForm(request.POST, request.FILES, workspace=request.workspace)
    if not form.is_valid():
        return _form_page(request, form, form.first_error())
    upload = open_upload(
        workspace=request.workspace, name=form.title(), **form.settings(), actor=request.user
    )
    try:
        _take_all(upload, form, request)
        finish_receiving(upload=upload, actor=request.user)
    except Refused as refusal:
        # All or nothing: without JavaScript nobody could continue a half-sent upload.
        discard_upload(upload=upload, actor=request.user)
        return _form_page(request, form, str(refusal))
    return see_other("upload", upload.id)


def _take_all(upload: Upload, form: PlainUploadForm, request: WorkspaceRequest) -> None:
    for file in form.cleaned_data["file"]:
        _take(upload, cast("UploadedFile[Any]", file), request)
    if addresses := form.cleaned_data["addresses"].strip():
        data = addresses.encode()
        stream: Any = io.BytesIO(data)
        listed = UploadedFile(stream, "addresses.txt", size=len(data))
        _take(upload, listed, request, UploadPart.Kind.ADDRESSES)


def _take(
    upload: Upload, file: UploadedFile[Any], request: WorkspaceRequest, kind: str | None = None
) -> None:
    size = file.size or 0
    part = register_part(
        upload=upload, name=file.name or "", size=size, kind=kind, actor=request.user
    )
    append(part=part, stream=cast("IO[bytes]", file), start=0, length=size)


def _form_page(request: WorkspaceRequest, form: PlainUploadForm, error: str = "") -> HttpResponse:
    status = 422 if error else 200
    hashed = settings.LIKEWISE_MAX_IMAGE
    context = {"form": form, "error": error, "hashed": hashed, "junk": PATTERN}
    return render(request, "dashboard/uploads/new.html", context, status=status)


@never_cache
@require_POST
@requires("images.add")
def upload_open(request: WorkspaceRequest) -> HttpResponse:
    """Begin an upload with the form's settings; a script sends the files."""
    form = UploadForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        return _told(form.first_error(), 422)
    try:
        upload = open_upload(
            workspace=request.workspace,
            name=form.cleaned_data["name"],
            **form.settings(),
            actor=request.user,
        )
    except DiskLow as refusal:
        return _told(str(refusal), 507)
    answer = {"id": upload.id, "location": resolve_url("upload-sending", upload.id)}
    return JsonResponse(answer, status=201)


@never_cache
@require_safe
@requires("workspace.view")
def upload_unfinished(request: WorkspaceRequest) -> HttpResponse:
    """List the uploads that were begun and not finished."""
    context = {"unfinished": unfinished_uploads(request.workspace, 50)}
    template = "dashboard/uploads/unfinished_page.html"
    return page_or_fragment(request, template, "unfinished", context)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def upload_sending(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Show an incomplete upload, and accept the same files again."""
    upload = find_receiving(request.workspace, upload_id)
    if upload.stage != Upload.Stage.RECEIVING:
        return see_other("upload", upload.id)
    told = totals(upload)
    # Files that the browser was about to register when it was closed count as missing, too.
    unnamed = max(0, upload.expected - told["files"])
    return render(
        request,
        "dashboard/uploads/sending.html",
        {
            "upload": upload,
            "totals": told,
            "lacking": told["missing_files"] + unnamed,
            "files": told["files"] + unnamed,
            "does": DOES[Upload.Purpose(upload.purpose)][upload.auto_commit],
            "base": resolve_url("upload", upload.id),
            "hashed": settings.LIKEWISE_MAX_IMAGE,
            "junk": PATTERN,
            "can_send": may(request, action_of(upload)),
            "missing": parts_page(upload, missing=True, size=50).rows,
        },
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("workspace.view")
@missing_is_404
def upload_parts(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """List the registered files, or register more: the response says which are known."""
    upload = _upload(request, upload_id)
    if request.method != "POST":
        page = parts_page(upload, request.GET.get("cursor", ""))
        return JsonResponse({"parts": [_part(part) for part in page.rows], "next": page.next})
    try:
        files = read_files(request.body)
        parts = register_parts(upload=upload, parts=files, actor=request.user)
    except BadList as error:
        return _told(str(error), 422)
    except Refused as refusal:
        return _told(str(refusal), status_of(refusal))
    return JsonResponse({"parts": [_part(part) for part in parts]}, status=201)


# Not unprotected: `with_token` checks the token, and leaves the body unread.
@csrf_exempt
@never_cache
@require_http_methods(["OPTIONS", "POST"])
@requires("workspace.view")
@missing_is_404
def upload_part_new(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Register one file by tus, optionally with its first bytes."""
    upload = _upload(request, upload_id)

    def address(part: UploadPart) -> str:
        return request.build_absolute_uri(resolve_url("upload-part", upload.id, part.pk))

    def answer() -> HttpResponse:
        return tus.create(request, upload=upload, actor=request.user, address=address)

    return tus.options() if request.method == "OPTIONS" else with_token(request, answer)


@csrf_exempt
@never_cache
@require_http_methods(TUS)
@requires("workspace.view")
@missing_is_404
def upload_part(request: WorkspaceRequest, upload_id: UUID, part_id: int) -> HttpResponse:
    """Receive a file's bytes by tus."""
    part = get_part(_upload(request, upload_id), part_id)

    def answer() -> HttpResponse:
        return tus.resource(request, part=part, actor=request.user)

    return tus.options() if request.method == "OPTIONS" else with_token(request, answer)


@never_cache
@require_POST
@requires("workspace.view")
@missing_is_404
def upload_finish(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Finish a complete upload; incomplete files may be skipped."""
    upload = _upload(request, upload_id)
    try:
        leave_out = bool(request.POST.get("leave_out"))
        finish_upload(upload=upload, leave_out=leave_out, actor=request.user)
    except NotWhole as refusal:
        told = {"detail": str(refusal), "missing": refusal.count}
        return JsonResponse(told, status=status_of(refusal))
    except Refused as refusal:
        return _told(str(refusal), status_of(refusal))
    return _led(request, resolve_url("upload", upload.id))


@never_cache
@require_POST
@requires("workspace.view")
@missing_is_404
def upload_discard(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Discard an upload, with all its files."""
    try:
        discard_upload(upload=_upload(request, upload_id), actor=request.user)
    except Refused as refusal:
        return _told(str(refusal), status_of(refusal))
    return _led(request, resolve_url("upload-new"))


def _upload(request: WorkspaceRequest, upload_id: UUID) -> Upload:
    """Return the upload if the person may send to it."""
    upload = find_receiving(request.workspace, upload_id)
    check(request.membership, action_of(upload))
    return upload


def _part(part: UploadPart) -> dict[str, Any]:
    return {
        "id": part.pk,
        "name": part.name,
        "size": part.size,
        "offset": offset(part),
        "sha256": part.sha256,
        "known": part.known,
    }


def _told(sentence: str, status: int) -> HttpResponse:
    return JsonResponse({"detail": sentence}, status=status)


def _led(request: HttpRequest, location: str) -> HttpResponse:
    """Redirect: a script gets the URL, a form is redirected to it."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"location": location})
    return see_other(location)
