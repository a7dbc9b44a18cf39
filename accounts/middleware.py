"""Set an id on every request, and the signed-in user's workspace."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.encoding import escape_uri_path

from accounts.http import WorkspaceRequest
from accounts.logs import current_request_id, without_long_parts, without_secrets
from accounts.models import Membership
from accounts.queries import memberships_of
from accounts.sessions import touch
from accounts.visitors import current_visitor, visitor_of

logger = logging.getLogger("likewise.request")
SESSION_KEY = "workspace"
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

Handler = Callable[[HttpRequest], HttpResponse]


def request_id(get_response: Handler) -> Handler:
    """Assign an id to each request, return it in a header, and log one line at the end.

    Events that are recorded during the request get its visitor.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        # A proxy's id is kept, so that its log and ours can be joined. Only plain characters: the
        # id is written into log lines.
        given = request.headers.get("X-Request-ID", "")
        current = given if _ID.fullmatch(given) else uuid.uuid4().hex
        request.request_id = current  # type: ignore[attr-defined]
        current_request_id.set(current)
        visiting = current_visitor.set(visitor_of(request))
        started = time.perf_counter()
        try:
            response = get_response(request)
        finally:
            current_visitor.reset(visiting)
        response["X-Request-ID"] = current
        logger.info(
            "method=%s path=%s status=%d ms=%.1f",
            request.method,
            _loggable_path(request),
            response.status_code,
            (time.perf_counter() - started) * 1000,
        )
        return response

    return middleware


def workspace(get_response: Handler) -> Handler:
    """Set `memberships`, `membership` and `workspace` of a signed-in request, from its session."""

    def middleware(request: HttpRequest) -> HttpResponse:
        scoped = cast("WorkspaceRequest", request)
        scoped.memberships = []
        if request.user.is_authenticated:
            scoped.memberships = memberships_of(scoped.user)
            touch(request, scoped.user)
        # Only with a membership: reading it would load the session of every visitor.
        chosen = request.session.get(SESSION_KEY) if scoped.memberships else None
        scoped.membership = _pick(scoped.memberships, chosen)
        if scoped.membership is not None:
            scoped.workspace = scoped.membership.workspace
        return get_response(request)

    return middleware


def _loggable_path(request: HttpRequest) -> str:
    """Return the path without its query; a path that may have a secret as its route's pattern.

    It is escaped again: a line break in a path must not begin a new log line. A request that a
    middleware answered has not been resolved.
    """
    match = request.resolver_match or _resolved(request.path_info)
    if match and not all(isinstance(value, uuid.UUID | int) for value in match.kwargs.values()):
        return f"/{match.route}"
    return without_secrets(escape_uri_path(without_long_parts(request.path)))


def _resolved(path: str) -> ResolverMatch | None:
    try:
        return resolve(path)
    except Resolver404:
        return None


def _pick(memberships: list[Membership], chosen: str | None) -> Membership | None:
    for membership in memberships:
        if str(membership.workspace_id) == chosen:
            return membership
    # The workspace of the session may be deleted, or the person removed from it: use another.
    return memberships[0] if memberships else None
