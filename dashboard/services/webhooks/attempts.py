"""Send what is due: claimed by a lease, attempted, and the outcome written down.

Each message is sent at least once. A worker that is killed between the two leaves a lease that
ends, and the message is sent again, with the same id.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.errors import SecretUnreadable
from dashboard.files.errors import FileRefused
from dashboard.files.fetch.posting import Answered, post
from dashboard.files.limits import FetchLimits
from dashboard.models import Delivery, Webhook
from dashboard.models.webhooks import TEST
from dashboard.queries.webhooks.deliveries import due_webhooks, find_due
from dashboard.services.row_locks import lock_all
from dashboard.services.webhooks.backoff import DAY, next_attempt
from dashboard.services.webhooks.pausing import pause_locked
from dashboard.services.webhooks.signatures import encrypted_again, signed_headers

logger = logging.getLogger("likewise.webhooks")
SECONDS = 10.0  # of one attempt in all
LEASE = timedelta(seconds=60)  # well above an attempt
TRIED = 5  # webhooks, where another worker is faster
GONE = 410
ASK_FOR_A_PAUSE = (429, 503)
ALL_FAILED = "Every attempt failed for a day."
SAID_GONE = "The receiver answered with status 410 (Gone)."


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: a status, or only a sentence about why there is none."""

    status: int | None = None
    error: str = ""
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        """Say whether the receiver has accepted the message."""
        return self.status is not None and 200 <= self.status < 300


def claim_due(*, besides: Collection[UUID] = (), healthy_only: bool = False) -> Delivery | None:
    """Take the delivery whose turn it is, with its webhook; None if nothing is due.

    Of each webhook the one that has been due for longest, `besides` those that are being sent to.
    """
    now = timezone.now()
    for webhook in due_webhooks(now, besides=besides, healthy_only=healthy_only)[:TRIED]:
        delivery = find_due(webhook, now)
        if delivery is not None and _take(delivery, now):
            delivery.webhook = webhook
            return delivery
    return None


def _take(delivery: Delivery, now: datetime) -> bool:
    # One UPDATE with the condition: of two workers only one changes the row. No lock is held.
    same = Delivery.objects.filter(pk=delivery.pk, next_attempt=delivery.next_attempt)
    return bool(same.update(next_attempt=now + LEASE))


def attempt(delivery: Delivery) -> None:
    """Send a claimed delivery once and write down what came of it."""
    # No transaction and no lock while the receiver is waited for.
    outcome = _sent(delivery)
    logger.info(
        "webhook=%s message=%s event=%s status=%s",
        delivery.webhook_id,
        delivery.message_id,
        "delivered" if outcome.is_success else "delivery-failed",
        outcome.status,
    )
    _record(delivery, outcome)


def _sent(delivery: Delivery) -> Outcome:
    limits = FetchLimits(seconds=SECONDS, allowed_networks=tuple(settings.LIKEWISE_FETCH_PRIVATE))
    try:
        headers = signed_headers(delivery, timezone.now()) | {"Content-Type": "application/json"}
        return _outcome(post(delivery.webhook.url, delivery.body.encode(), headers, limits))
    except FileRefused as refusal:
        return Outcome(error=refusal.reason)
    except SecretUnreadable:
        return Outcome(
            error="The secret can no longer be decrypted, because SECRET_KEY changed. Rotate it."
        )


def _outcome(answered: Answered) -> Outcome:
    status = answered.status
    if 200 <= status < 300:
        return Outcome(status)
    if 300 <= status < 400:
        error = f"The receiver redirects (status {status}), which is not followed. Use the new URL."
    else:
        error = f"The receiver answered with status {status}."
    asked = answered.retry_after if status in ASK_FOR_A_PAUSE else None
    return Outcome(status, error, asked)


@transaction.atomic
def _record(delivery: Delivery, outcome: Outcome) -> None:
    # Under the lock of the webhook: it may be paused, resumed or deleted at this moment.
    webhook = next(iter(lock_all(Webhook.objects.filter(pk=delivery.webhook_id))), None)
    if webhook is None:
        return
    now = timezone.now()
    webhook.last_attempt = now
    if outcome.is_success:
        _succeeded(delivery, outcome, now)
        webhook.failing_since = None
        # So that a key that is only a fallback can be dropped some day.
        webhook.secret = encrypted_again(webhook.secret)
    elif _failed(delivery, webhook, outcome, now) and delivery.event != TEST:
        webhook.failing_since = webhook.failing_since or now
    webhook.save(update_fields=["last_attempt", "failing_since", "secret"])
    _pause_if_hopeless(webhook, outcome, now)


def _succeeded(delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    # Even if another worker has the lease by now: the receiver has the message.
    Delivery.objects.filter(pk=delivery.pk, delivered=None).update(
        delivered=now,
        last_attempt=now,
        next_attempt=None,
        attempts=F("attempts") + 1,
        status_code=outcome.status,
        error="",
    )


def _failed(delivery: Delivery, webhook: Webhook, outcome: Outcome, now: datetime) -> bool:
    """Plan the next attempt; False if another worker has attempted it since, or a person has."""
    first = delivery.first_attempt or now
    attempts = delivery.attempts + 1
    again = None
    if webhook.paused is None and delivery.event != TEST:
        again = next_attempt(attempts=attempts, first=first, now=now, asked=outcome.retry_after)
    same = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, delivered=None)
    return bool(
        same.update(
            attempts=attempts,
            first_attempt=first,
            last_attempt=now,
            next_attempt=again,
            status_code=outcome.status,
            error=outcome.error,
        )
    )


def _pause_if_hopeless(webhook: Webhook, outcome: Outcome, now: datetime) -> None:
    if webhook.paused is not None:
        return
    if outcome.status == GONE:
        pause_locked(webhook, reason=SAID_GONE, by=None)
    elif webhook.failing_since is not None and now - webhook.failing_since >= DAY:
        pause_locked(webhook, reason=ALL_FAILED, by=None)
