"""A receiver on this machine, a webhook that leads there, and a clock that tests set."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.journal import record
from accounts.models import Change, User, Workspace
from accounts.verbs import Verb
from dashboard.models import Delivery, Webhook
from dashboard.services.webhooks.attempts import attempt, claim_due
from dashboard.services.webhooks.reading import read_journals
from tests.factories import Cast, make_webhook
from tests.remote.stand_in import StandIn, standing_in


@dataclass
class Clock:
    """The time as the services see it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **step: float) -> None:
        self.now += timedelta(**step)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(timezone.now())
    monkeypatch.setattr(timezone, "now", made)
    return made


@pytest.fixture
def receiver(settings: Settings) -> Iterator[StandIn]:
    settings.LIKEWISE_FETCH_PRIVATE = ["127.0.0.0/8"]
    with standing_in() as server:
        yield server


@pytest.fixture
def webhook(cast: Cast, receiver: StandIn) -> Webhook:
    return make_webhook(cast.workspace, f"{receiver.url}/hook")


def happened(workspace: Workspace, actor: User | None = None, **fields: Any) -> Change:
    """Let a version be trained, unless told otherwise."""
    fields = {"verb": Verb.TRAINED, "noun": "version", "target_name": "Shoes 1"} | fields
    return record(workspace=workspace, actor=actor, **fields)


def pending(webhook: Webhook) -> Delivery:
    """Let something happen that the webhook is told of, and return the delivery."""
    happened(webhook.workspace)
    read_journals()
    return Delivery.objects.filter(webhook=webhook).latest("pk")


def send_due() -> int:
    """Send all that is due, as a worker does; return how many attempts that were."""
    count = 0
    while (delivery := claim_due()) is not None:
        attempt(delivery)
        count += 1
    return count
