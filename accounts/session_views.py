"""Show and end your own sessions."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from accounts.http import WorkspaceRequest
from accounts.sessions import device, end_session, end_sessions, sessions_of
from accounts.words import either

SHOWN = 100


@never_cache
@require_safe
@signed_in
def account_sessions(request: WorkspaceRequest) -> HttpResponse:
    """List the user's sessions, the current one first."""
    here = request.session.session_key
    found = list(sessions_of(request.user)[:SHOWN])
    rows = [
        {"session": one, "device": device(one.user_agent), "is_here": one.session_id == here}
        for one in sorted(found, key=lambda one: one.session_id != here)
    ]
    return render(request, "accounts/account_sessions.html", {"rows": rows})


@require_POST
@signed_in
def account_session_end(request: WorkspaceRequest, session_id: UUID) -> HttpResponse:
    """End one of the user's sessions."""
    if not end_session(session_id=session_id, actor=request.user):
        raise Http404("This session does not exist.")
    messages.success(request, "The session was signed out.")
    return redirect("account-sessions")


@require_POST
@signed_in
def account_sessions_end(request: WorkspaceRequest) -> HttpResponse:
    """End all sessions but this one."""
    ended = end_sessions(user=request.user, but=request.session.session_key)
    where = either(ended, "one other session", f"{ended:,} other sessions")
    messages.success(
        request, f"Signed out of {where}." if ended else "You are not signed in anywhere else."
    )
    return redirect("account-sessions")
