"""Write the events of accounts, in bounded numbers, since strangers can cause them."""

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import AccountEvent, User
from accounts.visitors import Visitor, current_visitor

# Rows of failures per hour: for one account, and for all email addresses without an account.
# Further failures are counted in one more row.
ROWS_PER_ACCOUNT = 50
ROWS_WITHOUT_ACCOUNT = 100
_LONGEST_ADDRESS = 254


def record_event(
    verb: AccountEvent.Verb,
    *,
    user: User | None,
    address: str = "",
    actor: User | None = None,
    **details: Any,
) -> AccountEvent:
    """Record an event of a user's account, with IP address and browser of the current request."""
    visitor = current_visitor.get() or Visitor()
    return AccountEvent.objects.create(
        verb=verb,
        user=user,
        actor=actor,
        address=(address or (user.email if user else ""))[:_LONGEST_ADDRESS],
        ip=visitor.ip,
        agent=visitor.agent,
        details=details,
    )


def record_failure(verb: AccountEvent.Verb, *, user: User | None, address: str = "") -> None:
    """Count a failure, in one row per account or email address, network and hour."""
    now = timezone.now()
    visitor = current_visitor.get() or Visitor()
    known = user.email if user else _address(address)
    row = AccountEvent(
        verb=verb,
        user=user,
        address=known,
        ip=visitor.ip,
        agent=visitor.agent,
        created=now,
        latest=now,
        bucket=_bucket(now, verb, known, _network(visitor.ip)),
    )
    # An UPDATE first: in an attack nearly every failure already has its row.
    if _counted(row):
        return
    if _is_full(row):
        # A flood: the number of failures is still visible, their source is not.
        row.ip, row.agent = None, ""
        row.address = known if user else ""
        row.bucket = _bucket(now, verb, row.address, "many")
        if _counted(row):
            return
    _insert_or_count(row)


def forget_old_events() -> int:
    """Delete events older than `LIKEWISE_KEEP_SIGN_INS` and return how many."""
    oldest = timezone.now() - timedelta(days=settings.LIKEWISE_KEEP_SIGN_INS)
    return AccountEvent.objects.filter(created__lt=oldest).delete()[0]


def _counted(row: AccountEvent) -> bool:
    """Count a failure in an existing row, in one statement; return whether there is one."""
    there = AccountEvent.objects.filter(bucket=row.bucket)
    return bool(there.update(count=F("count") + 1, latest=row.latest))


def _insert_or_count(row: AccountEvent) -> None:
    try:
        # A savepoint: on PostgreSQL an IntegrityError would abort the surrounding transaction.
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # another request was first
        _counted(row)


def _is_full(row: AccountEvent) -> bool:
    limit = ROWS_PER_ACCOUNT if row.user else ROWS_WITHOUT_ACCOUNT
    rows = AccountEvent.objects.filter(
        verb=row.verb, user=row.user, created__gte=_hour(row.created), bucket__isnull=False
    )
    return rows.count() >= limit


def _bucket(now: datetime, *parts: str) -> str:
    # A digest, so that one unique column of fixed length covers all parts.
    return hashlib.sha256("\n".join((_hour(now).isoformat(), *parts)).encode()).hexdigest()


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _network(ip: str | None) -> str:
    """Return the IP address; for IPv6 the /64 network, which belongs to one person."""
    if ip is None:
        return ""
    address = ip_address(ip)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _address(typed: str) -> str:
    """Return the text if it is an email address; it may be a password in the wrong field."""
    typed = typed.strip().lower()
    try:
        validate_email(typed)
    except ValidationError:
        return ""
    return typed if len(typed) <= _LONGEST_ADDRESS else ""
