"""Record where users are signed in, in rows beside Django's sessions, and end sessions."""

import re
import time
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import SignedInSession, User

STEP = 300.0  # seconds between two updates of when a session was last used
REMEMBERED = 10_000
PENDING = "account_login"  # where allauth stores who has yet to enter a second factor
_AGENT_LENGTH = 255

# The sessions that this process has recorded recently, so that a request costs no query.
_seen: dict[str, float] = {}

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("HeadlessChrome", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
UNKNOWN = "Unknown device"
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def remember_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    """Record a sign-in; connected to Django's signal, which each way to sign in sends."""
    if request is not None and request.session.session_key:
        remember(request, user)


def remember(request: HttpRequest, user: User) -> None:
    """Record where the request's session is used from, by one statement."""
    key = str(request.session.session_key)
    row = SignedInSession(
        session_id=key,
        user=user,
        ip=_address(request),
        user_agent=request.headers.get("User-Agent", "")[:_AGENT_LENGTH],
        seen=timezone.now(),
    )
    # An upsert: two requests of one session may arrive at the same moment.
    SignedInSession.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["session"],
        update_fields=["user", "ip", "user_agent", "seen"],
    )
    if len(_seen) >= REMEMBERED:
        _seen.clear()
    _seen[key] = time.monotonic()


def touch(request: HttpRequest, user: User) -> None:
    """Record that a session is in use, at most once in five minutes.

    If the database cannot be written, the page is still served.
    """
    last = _seen.get(str(request.session.session_key))
    if last is not None and time.monotonic() - last < STEP:
        return
    try:
        with transaction.atomic():
            remember(request, user)
    except DatabaseError:
        _seen[str(request.session.session_key)] = time.monotonic()


def sessions_of(user: User) -> QuerySet[SignedInSession]:
    """Return the user's sessions that have not expired, the last used first."""
    return SignedInSession.objects.filter(user=user, session__expire_date__gt=timezone.now())


def end_session(*, session_id: UUID, actor: User) -> bool:
    """End one of the actor's sessions; return False if none has this id."""
    row = SignedInSession.objects.filter(pk=session_id, user=actor).first()
    if row is None:
        return False
    Session.objects.filter(pk=row.session_id).delete()
    return True


def end_sessions(*, user: User, but: str | None = None) -> int:
    """End all sessions of a user, except one, and return how many were signed in.

    Every session is decoded, since one may be older than the rows of this table. A sign-in that
    waits for its second factor ends, too: its password may be the old one.
    """
    rows = Session.objects.filter(expire_date__gt=timezone.now())
    ended, keys = 0, []
    # Django's table has no column for the user. The loop is bounded by the number of sessions.
    for row in rows.iterator():
        told = row.get_decoded()
        is_signed_in = told.get(SESSION_KEY) == str(user.pk)
        if row.session_key != but and (is_signed_in or _waits(told, user)):
            keys.append(row.session_key)
            ended += is_signed_in
    Session.objects.filter(pk__in=keys).delete()
    return ended


def device(user_agent: str) -> str:
    """Return a short description of a browser: `Firefox on Linux`."""
    browser = next((name for mark, name in _BROWSERS if _says(user_agent, mark)), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or UNKNOWN


def _says(user_agent: str, mark: str) -> bool:
    return re.search(rf"\b{mark}\w*/", user_agent) is not None


def _waits(told: dict[str, Any], user: User) -> bool:
    pending = told.get(PENDING)
    return isinstance(pending, dict) and pending.get("user_pk") == user_pk_to_url_str(user)


def _address(request: HttpRequest) -> str | None:
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None
