"""The page, or the JSON, of an error that nobody expected."""

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


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with the request's id, by which the log tells what happened."""
    request_id = getattr(request, "request_id", "")
    if request.path.startswith(API_ADDRESSES):
        detail = f"Something went wrong here. Tell the admin this request id: {request_id}."
        return JsonResponse({"detail": detail, "request_id": request_id}, status=500)
    return HttpResponse(render_to_string("500.html", {"request_id": request_id}), status=500)
