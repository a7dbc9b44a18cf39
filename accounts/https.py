"""Require https for pages and API if the public URL is https.

The web server itself speaks plain http: a trusted proxy says whether a request used https, see
`proxies.py`.
"""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string

from accounts.proxies import CLAIMED, Handler

logger = logging.getLogger("likewise.request")
# Requested by containers and load balancers without the proxy; it has no confidential data.
HEALTH = "/healthz"
# One year, for this host alone: its subdomains need not speak https, and removal from the browsers'
# preload list takes months.
HSTS = "max-age=31536000"
REDIRECTED = "likewise_to_https"  # a cookie: a redirect that comes back is part of a loop
LOOP_SECONDS = 10


def https_only(get_response: Handler) -> Handler:
    """Redirect reads from http to https, and refuse writes and requests with an API token."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not settings.LIKEWISE_URL.startswith("https://"):
            return get_response(request)
        if not request.is_secure():
            return get_response(request) if request.path == HEALTH else _not_over_http(request)
        response = get_response(request)
        response.headers.setdefault("Strict-Transport-Security", HSTS)
        if REDIRECTED in request.COOKIES:
            response.delete_cookie(REDIRECTED)
        return response

    return middleware


def _not_over_http(request: HttpRequest) -> HttpResponse:
    if request.META.get(CLAIMED) == "https" or request.COOKIES.get(REDIRECTED):
        logger.warning("event=https-not-recognised peer=%s", request.META.get("REMOTE_ADDR"))
        return _refused(request, 400, "a_proxy", _A_PROXY)
    if "Authorization" in request.headers:
        return _refused(request, 403, "a_token", f"{_PLAIN} {_A_TOKEN}")
    if request.method not in ("GET", "HEAD"):
        return _refused(request, 403, "sent", _PLAIN)
    # Not permanent: browsers would remember that for longer than HSTS lets them.
    response = HttpResponseRedirect(f"{settings.LIKEWISE_URL}{request.get_full_path()}")
    response.set_cookie(REDIRECTED, "1", LOOP_SECONDS, httponly=True, samesite="Lax")
    response["Cache-Control"] = "no-store"
    return response


_PLAIN = "This request came over plain HTTP, so it was not carried out. Send it over HTTPS."
_A_TOKEN = "Its token was readable in transit: revoke it and create a new one."  # noqa: S105
_A_PROXY = (
    "Likewise cannot tell that this request came over HTTPS. For the administrator: let the "
    "proxy send X-Forwarded-Proto, and name its network in LIKEWISE_TRUSTED_PROXIES."
)


def _refused(request: HttpRequest, status: int, reason: str, sentence: str) -> HttpResponse:
    """Answer with the sentence, as JSON or as a page, without reading the body."""
    accepted = request.get_preferred_type(["text/html", "application/json"])
    if "Authorization" in request.headers or "application/json" in (accepted, request.content_type):
        return JsonResponse({"detail": sentence}, status=status)
    context = {"reason": reason, "sentence": sentence, "url": settings.LIKEWISE_URL}
    return HttpResponse(render_to_string("not_over_http.html", context), status=status)
