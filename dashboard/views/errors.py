"""The page, or the JSON, of an error that nobody expected, and of a database that is away."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

API_ADDRESSES = (
    "/similarity/",
    "/recognition/",
    "/detection/",
    "/annotate/",
    "/authorization/",
    "/account/v2/",
)
AWAY = "The database does not answer just now. Nothing is lost: try again in a moment."
RETRY_AFTER = 5  # seconds


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with the request's id, by which the log tells what happened, or 503."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _unavailable(request)
    request_id = getattr(request, "request_id", "")
    if request.path.startswith(API_ADDRESSES):
        detail = f"Something went wrong here. Tell the admin this request id: {request_id}."
        return JsonResponse({"detail": detail, "request_id": request_id}, status=500)
    return HttpResponse(render_to_string("500.html", {"request_id": request_id}), status=500)


def _unavailable(request: HttpRequest) -> HttpResponse:
    """Answer 503: it is no defect, and the same request works once the database is back."""
    response: HttpResponse
    if request.path.startswith(API_ADDRESSES):
        request_id = getattr(request, "request_id", "")
        response = JsonResponse({"detail": AWAY, "request_id": request_id}, status=503)
    else:
        response = HttpResponse(render_to_string("503.html", {"sentence": AWAY}), status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response
