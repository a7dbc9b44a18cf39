"""Read the journal for webhooks: each event becomes a delivery, once."""

from django.db import transaction
from django.utils import timezone

from accounts.models import Change
from dashboard.models import Delivery, Webhook
from dashboard.queries.webhooks.webhooks import (
    changes_between,
    last_number,
    webhooks_behind,
    workspaces_to_read,
)
from dashboard.services.journal.numbers import number_changes
from dashboard.services.row_locks import lock_all
from dashboard.services.webhooks.messages import VERBS, body_of, event_of, new_id

AT_ONCE = 500
NOT_SENT = "The webhook was paused."


def read_journals() -> None:
    """Write the deliveries of all events that came since."""
    for workspace in workspaces_to_read():
        while number_changes(workspace=workspace):
            pass
    for webhook in webhooks_behind():
        while _read(webhook):
            pass


@transaction.atomic
def _read(behind: Webhook) -> bool:
    """Read on for one webhook; says whether there may be more.

    Deliveries and position are one transaction, under the lock of the webhook: two workers take
    turns, and after a kill the same changes are read again.
    """
    webhook = next(iter(lock_all(Webhook.objects.filter(pk=behind.pk))), None)
    if webhook is None:
        return False
    # The head before the changes: what is numbered in between is read the next time.
    head = last_number(webhook.workspace)
    changes = changes_between(webhook.workspace, webhook.position, head, verbs=VERBS, limit=AT_ONCE)
    is_full = len(changes) == AT_ONCE
    found = [_delivery(webhook, change) for change in changes]
    Delivery.objects.bulk_create(one for one in found if one is not None)
    webhook.position = changes[-1].sequence or 0 if is_full else head
    webhook.save(update_fields=["position"])
    return is_full


def _delivery(webhook: Webhook, change: Change) -> Delivery | None:
    event = event_of(change)
    if event is None or event not in webhook.events:
        return None
    return Delivery(
        webhook=webhook,
        event=event,
        message_id=new_id(),
        body=body_of(change, event, webhook.workspace),
        # The log of a paused one has what it missed; a person can have that sent.
        next_attempt=None if webhook.paused else timezone.now(),
        error=NOT_SENT if webhook.paused else "",
    )
