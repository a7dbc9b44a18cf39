"""Whose turn it is among the deliveries that are due."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet

from dashboard.models import Delivery, Webhook


def due_webhooks(
    now: datetime, *, besides: Collection[UUID] = (), healthy_only: bool = False
) -> QuerySet[Webhook]:
    """Return the webhooks with anything due, those that were attempted least recently first.

    In turns, so that one with a long backlog does not hold up the others.
    """
    due = Delivery.objects.filter(next_attempt__lte=now).values("webhook")
    rows = Webhook.objects.filter(pk__in=due).exclude(pk__in=besides)
    if healthy_only:
        rows = rows.filter(failing_since=None)
    return rows.order_by(F("last_attempt").asc(nulls_first=True), "pk")


def find_due(webhook: Webhook, now: datetime) -> Delivery | None:
    """Return the delivery of a webhook that has been due for longest."""
    rows = Delivery.objects.filter(webhook=webhook, next_attempt__lte=now)
    return rows.order_by("next_attempt", "pk").first()


def oldest_deliveries(limit: int) -> list[tuple[int, datetime]]:
    """Return ids and times of the first deliveries that are kept, of all workspaces."""
    # By id, which needs no index of its own: they are written in the order of their times.
    return list(Delivery.objects.order_by("pk").values_list("pk", "created")[:limit])
