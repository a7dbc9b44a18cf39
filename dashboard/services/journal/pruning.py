"""Prune what old changes would need to be undone or repeated; who did what, and when, is kept."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Change
from dashboard.queries.journal.changes import payloads_before
from dashboard.services.journal.inverses import with_payload

AT_ONCE = 500


def prune_changes() -> int:
    """Delete the payloads of changes older than `LIKEWISE_KEEP_CHANGES` days; return how many."""
    moment = timezone.now() - timedelta(days=settings.LIKEWISE_KEEP_CHANGES)
    total = 0
    while ids := list(payloads_before(moment)[:AT_ONCE]):
        _prune(ids)
        total += len(ids)
    return total


@transaction.atomic
def _prune(ids: list[int]) -> None:
    """Delete payloads, and the inverses that need them."""
    rows = Change.objects.filter(pk__in=ids)
    rows.filter(inverse__in=with_payload()).update(inverse="")
    rows.update(before=None, after=None, members=None, has_payload=False)
