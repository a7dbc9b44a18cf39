"""Pause a webhook, by a person or by the program."""

from django.utils import timezone

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Delivery, Webhook


def pause_locked(webhook: Webhook, *, reason: str = "", by: User | None) -> None:
    """Stop sending; call it in a transaction that holds the webhook's row. Writes the change."""
    webhook.paused, webhook.pause_reason = timezone.now(), reason
    webhook.save(update_fields=["paused", "pause_reason"])
    Delivery.objects.filter(webhook=webhook, next_attempt__isnull=False).update(next_attempt=None)
    tell(Verb.PAUSED, webhook, by, why=f": {reason[0].lower()}{reason[1:-1]}" if reason else "")


def tell(verb: Verb, webhook: Webhook, by: User | None, **details: str) -> None:
    """Write what was done to a webhook into the journal."""
    record(
        workspace=webhook.workspace,
        verb=verb,
        noun="webhook",
        target_id=webhook.id,
        target_name=str(webhook),
        details=details,
        actor=by,
    )
