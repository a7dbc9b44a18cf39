"""Forget old deliveries, and secrets that no longer sign."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from dashboard.models import Delivery, Webhook
from dashboard.queries.webhooks.deliveries import oldest_deliveries
from dashboard.services.row_locks import lock_all
from dashboard.services.webhooks.signatures import still_valid

KEPT = timedelta(days=30)
AT_ONCE = 500


def prune_deliveries() -> int:
    """Delete the deliveries of more than 30 days ago, in batches; returns how many."""
    moment = timezone.now() - KEPT
    total = 0
    while ids := [pk for pk, created in oldest_deliveries(AT_ONCE) if created < moment]:
        Delivery.objects.filter(pk__in=ids).delete()
        total += len(ids)
    return total


@transaction.atomic
def forget_old_secrets() -> None:
    """Delete the replaced secrets that have signed for their day."""
    now = timezone.now()
    for webhook in lock_all(Webhook.objects.exclude(old_secrets=[])):
        if (valid := still_valid(webhook, now)) != webhook.old_secrets:
            webhook.old_secrets = valid
            webhook.save(update_fields=["old_secrets"])
