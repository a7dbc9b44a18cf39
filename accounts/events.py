"""The one writer of what happens to accounts; bounded, since strangers can make it write."""

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

# Rows of failures in an hour: for one account, and for all addresses that have none. What comes
# on top is counted in one row more.
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
    """Write what happened to a user's account; where from, the current request tells."""
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
    """Count a failure: one row for an account (or a typed address), a network and an hour."""
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
    # An UPDATE first: in an attack nearly every failure has its row already.
    if _counted(row):
        return
    if _is_full(row):
        # A flood: how much there was still shows, from where does not.
        row.ip, row.agent = None, ""
        row.address = known if user else ""
        row.bucket = _bucket(now, verb, row.address, "many")
        if _counted(row):
            return
    _insert_or_count(row)


def forget_old_events() -> int:
    """Delete what is older than LIKEWISE_KEEP_SIGN_INS says and return how many rows that were."""
    oldest = timezone.now() - timedelta(days=settings.LIKEWISE_KEEP_SIGN_INS)
    return AccountEvent.objects.filter(created__lt=oldest).delete()[0]


def _counted(row: AccountEvent) -> bool:
    """Count a failure in the row that is there, in one statement, if there is one."""
    there = AccountEvent.objects.filter(bucket=row.bucket)
    return bool(there.update(count=F("count") + 1, latest=row.latest))


def _insert_or_count(row: AccountEvent) -> None:
    try:
        # A savepoint: on PostgreSQL an IntegrityError would spoil the transaction around it.
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
    # A digest, so that one unique column of fixed length stands for all parts.
    return hashlib.sha256("\n".join((_hour(now).isoformat(), *parts)).encode()).hexdigest()


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _network(ip: str | None) -> str:
    """Return the address; of IPv6 the /64, all of which one person has."""
    if ip is None:
        return ""
    address = ip_address(ip)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _address(typed: str) -> str:
    """Return what was typed if it is an address; it may also be a password in the wrong field."""
    typed = typed.strip().lower()
    try:
        validate_email(typed)
    except ValidationError:
        return ""
    return typed if len(typed) <= _LONGEST_ADDRESS else ""
