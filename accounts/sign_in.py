"""Redirect visitors who are not signed in to the sign-in page, and from there back."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OVER = "Your session has expired, so nothing was saved. Reload this page, sign in and try again."
FIRST = "Nothing was saved because you are not signed in. Reload this page, sign in and try again."


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page, which says so if a session has expired.

    A script that requests JSON gets the sentence, and htmx replaces the whole page: a sign-in form
    must not appear where a row of a list was expected.
    """
    htmx = HtmxDetails(request)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"error": OVER if _had_session(request) else FIRST}, status=401)
    address = f"{resolve_url(settings.LOGIN_URL)}?{urlencode(_query(request, htmx), safe='/')}"
    return HttpResponseClientRedirect(address) if htmx else HttpResponseRedirect(address)


def second_factor_first(request: HttpRequest, why: str) -> HttpResponse:
    """Redirect to the page that sets up a second factor, and from there back."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"error": why}, status=403)
    htmx = HtmxDetails(request)
    query = urlencode({"next": _where(request, htmx)}, safe="/")
    address = f"{resolve_url('second-factor-new')}?{query}"
    return HttpResponseClientRedirect(address) if htmx else HttpResponseRedirect(address)


def step_first(request: HttpRequest, why: str, address: str) -> HttpResponse:
    """Redirect to the page of what has to be done first, which then shows why."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"error": why}, status=403)
    messages.error(request, why)
    htmx = HtmxDetails(request)
    return HttpResponseClientRedirect(address) if htmx else HttpResponseRedirect(address)


def _query(request: HttpRequest, htmx: HtmxDetails) -> dict[str, str]:
    query = {"next": _where(request, htmx)}
    has_sent = request.method not in SAFE_METHODS
    if htmx or _had_session(request):
        return query | {"over": "unsaved" if has_sent else "yes"}
    return query | ({"over": "first"} if has_sent else {})


def _had_session(request: HttpRequest) -> bool:
    """Return whether the browser sends the id of a session that no longer exists.

    An existing one belongs to a visitor, who opened an invitation, for example, and never signed
    in.
    """
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    return not request.session.keys()


def _where(request: HttpRequest, htmx: HtmxDetails) -> str:
    """Return the page that the person was on: a form that was posted has no page of its own."""
    if htmx:
        return htmx.current_url_abs_path or "/"
    if request.method in SAFE_METHODS:
        return request.get_full_path()
    came_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(came_from, allowed_hosts={request.get_host()}):
        return "/"
    parts = urlsplit(came_from)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"
