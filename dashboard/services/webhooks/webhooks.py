"""Add, change and delete webhooks; pause, resume and test them, and have messages sent again."""

import contextlib
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from urllib3.util import parse_url

from accounts.journal import values_of
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.files.fetch.posting import private_network
from dashboard.models import Delivery, Webhook
from dashboard.models.webhooks import TEST, Event
from dashboard.network.addresses import is_allowed
from dashboard.queries.webhooks.webhooks import MOST, last_number, webhooks_in
from dashboard.remote.address import Address
from dashboard.services.journal.numbers import number_changes
from dashboard.services.row_locks import lock_all
from dashboard.services.webhooks.backoff import DAY
from dashboard.services.webhooks.errors import TooManyWebhooks, UnknownEvents, UnusableUrl
from dashboard.services.webhooks.messages import body, new_id, person
from dashboard.services.webhooks.pausing import pause_locked, tell
from dashboard.services.webhooks.signatures import encrypted, new_secret, retired


def add_webhook(
    *, workspace: Workspace, url: str, events: Sequence[str], description: str = "", actor: User
) -> tuple[Webhook, str]:
    """Add a webhook that is told of what happens from now on; return it and its secret.

    Raises `UnusableUrl`, `UnknownEvents`, `TooManyWebhooks`.
    """
    fields = _checked(url, events, description)
    # Before the transaction: numbering waits for the counter, and nothing may wait for us then.
    while number_changes(workspace=workspace):
        pass
    secret = new_secret()
    with transaction.atomic():
        # Of two people who add the last one that fits, the second waits here.
        lock_all(Workspace.objects.filter(pk=workspace.pk))
        if webhooks_in(workspace).count() >= MOST:
            raise TooManyWebhooks(MOST)
        webhook = Webhook.objects.create(
            workspace=workspace,
            secret=encrypted(secret),
            position=last_number(workspace),
            created_by=actor,
            **fields,
        )
        tell(Verb.ADDED, webhook, actor)
    return webhook, secret


@transaction.atomic
def change_webhook(
    *, webhook: Webhook, url: str, events: Sequence[str], description: str = "", actor: User
) -> bool:
    """Change where a webhook leads and what it is told of; False if it was so already.

    What is pending goes to the new URL. Raises `UnusableUrl`, `UnknownEvents`.
    """
    fields = _checked(url, events, description)
    row = _locked(webhook)
    if values_of(row, fields) == fields:
        return False
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=[*fields, "modified"])
    tell(Verb.CHANGED, row, actor)
    return True


@transaction.atomic
def delete_webhook(*, webhook: Webhook, actor: User) -> None:
    """Delete a webhook with its log; what is pending is not sent."""
    row = _locked(webhook)
    tell(Verb.DELETED, row, actor)
    row.delete()


@transaction.atomic
def pause_webhook(*, webhook: Webhook, actor: User) -> bool:
    """Send nothing until it is resumed; False if it was paused already."""
    row = _locked(webhook)
    if row.paused is not None:
        return False
    pause_locked(row, by=actor)
    return True


@transaction.atomic
def resume_webhook(*, webhook: Webhook, actor: User) -> bool:
    """Send again, first what was not delivered of the last day; False if it was not paused."""
    row = _locked(webhook)
    if row.paused is None:
        return False
    now = timezone.now()
    row.paused, row.pause_reason, row.failing_since = None, "", None
    row.save(update_fields=["paused", "pause_reason", "failing_since"])
    missed = Delivery.objects.filter(webhook=row, delivered=None, created__gte=now - DAY)
    missed.exclude(event=TEST).update(
        next_attempt=now, attempts=0, first_attempt=None, status_code=None, error=""
    )
    tell(Verb.RESUMED, row, actor)
    return True


@transaction.atomic
def rotate_secret(*, webhook: Webhook, actor: User) -> str:
    """Give a webhook a new secret and return it. For a day, the one before it signs as well."""
    row, secret = _locked(webhook), new_secret()
    row.old_secrets = retired(row, timezone.now())
    row.secret = encrypted(secret)
    row.save(update_fields=["secret", "old_secrets", "modified"])
    tell(Verb.ROTATED, row, actor)
    return secret


@transaction.atomic
def send_test(*, webhook: Webhook, actor: User) -> Delivery:
    """Have a test message sent, once, also to a paused webhook."""
    row, now = _locked(webhook), timezone.now()
    data = {"id": row.pk, "name": str(row), "count": 1, "actor": person(actor)}
    delivery = Delivery.objects.create(
        webhook=row,
        event=TEST,
        message_id=new_id(),
        body=body(TEST, now, row.workspace, data),
        next_attempt=now,
    )
    tell(Verb.TESTED, row, actor)
    return delivery


@transaction.atomic
def send_again(*, delivery: Delivery, actor: User) -> None:
    """Have a message sent again, delivered or not, with its id; also to a paused webhook."""
    row = _locked(delivery.webhook)
    Delivery.objects.filter(pk=delivery.pk).update(
        next_attempt=timezone.now(),
        attempts=0,
        first_attempt=None,
        delivered=None,
        status_code=None,
        error="",
    )
    tell(Verb.RETRIED, row, actor, event=delivery.event)


def _locked(webhook: Webhook) -> Webhook:
    """Return the row as it is now, held until the end; raises `Webhook.DoesNotExist`."""
    rows = Webhook.objects.select_related("workspace").filter(pk=webhook.pk)
    return rows.select_for_update(of=("self",), no_key=True).get()


def _checked(url: str, events: Sequence[str], description: str) -> dict[str, object]:
    chosen = [event.value for event in Event if event in events]
    if not chosen or len(chosen) != len(set(events)):
        raise UnknownEvents
    _check_url(url.strip())
    return {"url": url.strip(), "events": chosen, "description": description.strip()}


def _check_url(url: str) -> None:
    """Refuse what no connection is needed to refuse; a host is judged when it is connected to."""
    try:
        Address.of(url)
    except ValueError as error:
        raise UnusableUrl(str(error)) from error
    host = (parse_url(url).host or "").strip("[]")
    with contextlib.suppress(ValueError):  # a name, not an IP address
        if not is_allowed(host, settings.LIKEWISE_FETCH_PRIVATE):
            raise UnusableUrl(private_network(url))
