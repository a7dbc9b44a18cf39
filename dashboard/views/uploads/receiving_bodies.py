"""Receive bodies only after the sender and the permission are checked.

The middleware's own check of the CSRF token would read a form to its end, and its limit is that of
ordinary forms.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from accounts.http import WorkspaceRequest
from dashboard.files.errors import DiskLow
from dashboard.files.sizes import readable_size
from dashboard.files.store import room

P = ParamSpec("P")
View = Callable[Concatenate[WorkspaceRequest, P], HttpResponse]
Refuse = Callable[[WorkspaceRequest, str], HttpResponse]
_DRAIN = 1 << 20
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def with_token(request: WorkspaceRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """Answer if the CSRF token was sent as a header; the body stays unread.

    The view itself is `csrf_exempt`, and checks permissions first.
    """
    if request.content_type in _FORMS:
        # Django would look for the token in such a body first.
        return JsonResponse({"detail": "Send bytes, not a form."}, status=415)
    protected: Any = csrf_protect(lambda _: answer())
    response: HttpResponse = protected(request)
    return response


def takes_files(refuse: Refuse) -> Callable[[View[P]], View[P]]:
    """Let a view receive a form's files, all of them on the disk; `refuse` answers too large ones.

    Apply it below `requires`. It is for browsers without JavaScript: a few files, each an open one.
    """

    def decorate(view: View[P]) -> View[P]:
        protected: Any = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def receiving(
            request: WorkspaceRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            request.upload_handlers = [TemporaryFileUploadHandler(request)]
            # In this order: the first two read nothing of the body.
            sentence = _too_large(request) or _no_room(request) or _too_many(request)
            if sentence:
                return refuse(request, sentence)
            answer: HttpResponse = protected(request, *args, **kwargs)
            return answer

        return receiving

    return decorate


def _too_large(request: WorkspaceRequest) -> str:
    limit = settings.LIKEWISE_MAX_UPLOAD
    if int(request.META.get("CONTENT_LENGTH") or 0) <= limit:
        return ""
    return f"The request is larger than {readable_size(limit)}, the most at once. Send it in parts."


def _no_room(request: WorkspaceRequest) -> str:
    try:
        if request.method == "POST":
            room.refuse_if_low()
    except DiskLow as refusal:
        return str(refusal)
    return ""


def _too_many(request: WorkspaceRequest) -> str:
    try:
        request.POST  # noqa: B018  the first access receives the files
    except TooManyFilesSent:
        # A browser shows no response while it is still sending.
        while request.read(_DRAIN):
            pass
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        return (
            f"Without JavaScript, up to {most:,} files can be uploaded at once. Upload fewer, or "
            "pack them into a ZIP."
        )
    return ""
