"""The page, or the JSON, of an error that nobody expected, and of a server that is in trouble."""

import re
import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.debug import SafeExceptionReporterFilter

from dashboard.files.store import room
from dashboard.views.server_errors import FULL, Trouble, trouble_behind

API_ADDRESSES = (
    "/similarity/",
    "/recognition/",
    "/detection/",
    "/annotate/",
    "/authorization/",
    "/account/v2/",
)
UNKNOWN = Trouble(500, "Something went wrong on our side.")
RETRY_AFTER = "5"


class SettingsFilter(SafeExceptionReporterFilter):
    """Hide from the page of a traceback also the addresses that carry a password or a key."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|STORAGE|LOCATION|BROKER|REDIS",
        flags=re.IGNORECASE,
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer with the request's id, by which the log tells what happened.

    503 if what the server needs is away for a moment, 507 if its disk is full, else 500.
    """
    request_id = getattr(request, "request_id", "")
    trouble = trouble_behind(sys.exception()) or UNKNOWN
    if trouble == FULL:
        room.release()  # where a limit of the disk is not seen before it is reached: a quota
    response: HttpResponse
    # By the path and not by the route: an error may come before anything was resolved.
    if request.path.startswith(API_ADDRESSES):
        detail = (
            f"{trouble.sentence} If you report this to your administrator, include the request "
            f"ID: {request_id}."
        )
        body = {"detail": detail, "request_id": request_id}
        response = JsonResponse(body, status=trouble.status)
    else:
        context = {"request_id": request_id, "trouble": trouble if trouble != UNKNOWN else None}
        # Without the request: context processors would ask the database, which may be what is away.
        response = HttpResponse(render_to_string("500.html", context), status=trouble.status)
    if trouble.status == 503:
        response["Retry-After"] = RETRY_AFTER
    return response
