"""Deliveries are kept for 30 days, and replaced secrets for as long as they sign."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.jobs import sweep
from dashboard.models import Delivery, Webhook
from dashboard.services.webhooks import pruning
from dashboard.services.webhooks.pruning import prune_deliveries
from dashboard.services.webhooks.webhooks import rotate_secret, send_test
from tests.factories import Cast, make_webhook
from tests.services.webhooks.conftest import Clock

pytestmark = pytest.mark.django_db


def test_it_works(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    webhook = make_webhook(cast.workspace)
    sent = [send_test(webhook=webhook, actor=cast.alice).pk for _ in range(6)]
    old = timezone.now() - timedelta(days=31)
    Delivery.objects.filter(pk__in=sent[:5]).update(created=old)
    assert prune_deliveries() == 5
    assert [one.pk for one in Delivery.objects.all()] == sent[5:]
    assert prune_deliveries() == 0


def test_the_tidy_does_both(cast: Cast, clock: Clock) -> None:
    webhook = make_webhook(cast.workspace)
    rotate_secret(webhook=webhook, actor=cast.alice)
    send_test(webhook=webhook, actor=cast.alice)
    sweep.tidy()
    assert len(Webhook.objects.get().old_secrets) == 1
    assert Delivery.objects.count() == 1
    clock.forward(days=31)
    sweep.tidy()
    assert Webhook.objects.get().old_secrets == []
    assert not Delivery.objects.exists()
