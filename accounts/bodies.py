"""How much of a body is read, and before what: a check of the form's token reads all of it."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# Who has not signed in sends an address and a password, and never a file.
SIGNED_OUT = 1 << 20


class BoundedBody:
    """Refuse a form that is too large, unread.

    Views without that check judge for themselves, since they alone know who may send how much:
    the upload page and the API.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Answer 413 for a body over the limit; stands before the middleware that reads it."""
        if getattr(view, "csrf_exempt", False):
            return None
        length = request.META.get("CONTENT_LENGTH") or ""
        if not length.isdecimal() or int(length) <= SIGNED_OUT:
            return None
        limit = settings.LIKEWISE_MAX_BODY if request.user.is_authenticated else SIGNED_OUT
        if int(length) <= limit:
            return None
        return render(request, "413.html", {"limit": limit}, status=413)
