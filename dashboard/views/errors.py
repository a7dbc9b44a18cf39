"""Answer unexpected errors, and errors of a server in trouble, as a page or as JSON."""

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
    """Hides URLs that contain a password or a key from the page of a traceback, too."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|STORAGE|LOCATION|BROKER|REDIS",
        flags=re.IGNORECASE,
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer with the request's id, which identifies the error in the log.

    503 if the server lacks something temporarily, 507 if its disk is full, else 500.
    """
    request_id = getattr(request, "request_id", "")
    trouble = trouble_behind(sys.exception()) or UNKNOWN
    if trouble == FULL:
        room.release()  # for a disk limit that shows only when it is reached, such as a quota
    response: HttpResponse
    # By the path and not by the route: an error may occur before the URL is resolved.
    if request.path.startswith(API_ADDRESSES):
        detail = (
            f"{trouble.sentence} If you report this to your administrator, include the request "
            f"ID: {request_id}."
        )
        body = {"detail": detail, "request_id": request_id}
        response = JsonResponse(body, status=trouble.status)
    else:
        context = {"request_id": request_id, "trouble": trouble if trouble != UNKNOWN else None}
        # Without the request: context processors would query the database, which may be
        # unavailable.
        response = HttpResponse(render_to_string("500.html", context), status=trouble.status)
    if trouble.status == 503:
        response["Retry-After"] = RETRY_AFTER
    return response
