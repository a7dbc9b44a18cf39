"""A delivery is attempted until the receiver accepts it, for a day; then the webhook is paused."""

import json
import logging
import threading
from base64 import b64encode
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Change
from dashboard.models import Delivery, Webhook
from dashboard.services.webhooks import attempts
from dashboard.services.webhooks.attempts import ALL_FAILED, LEASE, attempt, claim_due
from dashboard.services.webhooks.backoff import DAY
from dashboard.services.webhooks.signatures import sign
from dashboard.services.webhooks.webhooks import (
    add_webhook,
    delete_webhook,
    pause_webhook,
    resume_webhook,
    send_again,
    send_test,
)
from tests.factories import Cast, make_cast, make_webhook
from tests.remote.stand_in import CUT, Reply, StandIn, standing_in
from tests.services.webhooks.conftest import Clock, pending, send_due

pytestmark = pytest.mark.django_db


def state(delivery: Delivery) -> tuple[int, int | None, bool, bool]:
    """Return attempts, status, and whether it is delivered or pending."""
    delivery.refresh_from_db()
    return (
        delivery.attempts,
        delivery.status_code,
        delivery.delivered is not None,
        delivery.next_attempt is not None,
    )


def pauses(webhook: Webhook) -> list[str]:
    """Return why the journal says that it was paused."""
    rows = Change.objects.filter(noun="webhook", verb="paused", target_id=webhook.pk)
    return [row.details["why"] for row in rows.order_by("pk")]


def to_the_next(clock: Clock, delivery: Delivery) -> float:
    """Wait until it is due again; return for how many seconds that was."""
    delivery.refresh_from_db()
    assert delivery.next_attempt is not None
    waited = (delivery.next_attempt - clock.now).total_seconds()
    clock.now = delivery.next_attempt
    return waited


def test_it_works(cast: Cast, receiver: StandIn, clock: Clock) -> None:
    webhook, secret = add_webhook(
        workspace=cast.workspace,
        url=f"{receiver.url}/hook?for=likewise",
        events=["version.trained"],
        actor=cast.alice,
    )
    delivery = pending(webhook)
    receiver.plays(Reply(204))
    assert send_due() == 1
    [asked] = receiver.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/hook", {"for": "likewise"})
    assert asked.body.decode() == delivery.body
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["webhook-id"] == delivery.message_id
    assert asked.headers["webhook-timestamp"] == str(int(clock.now.timestamp()))
    assert asked.headers["webhook-signature"] == sign(
        secret,
        message_id=delivery.message_id,
        timestamp=int(clock.now.timestamp()),
        body=delivery.body,
    )
    assert state(delivery) == (1, 204, True, False)
    assert send_due() == 0


def test_it_is_tried_for_a_day_then_the_webhook_is_paused(
    webhook: Webhook, receiver: StandIn, clock: Clock
) -> None:
    receiver.player = lambda _: Reply(500, b"a secret of the receiver")
    delivery, begun = pending(webhook), clock.now
    waited: list[float] = []
    while send_due():
        assert send_due() == 0  # not before its time
        webhook.refresh_from_db()
        if webhook.paused:
            break
        assert webhook.failing_since == begun
        waited.append(to_the_next(clock, delivery))
    assert clock.now == begun + DAY
    assert waited[0] < 10 < waited[1] < 60 < waited[2]
    assert state(delivery) == (len(waited) + 1, 500, False, False)
    assert len({(one.headers["webhook-id"], one.body) for one in receiver.asked}) == 1
    assert delivery.error == "The receiver answered with status 500."
    assert webhook.pause_reason == ALL_FAILED
    assert pauses(webhook) == [": every attempt failed for a day"]
    pending(webhook)
    assert send_due() == 0


def test_one_success_and_the_day_begins_anew(
    webhook: Webhook, receiver: StandIn, clock: Clock
) -> None:
    receiver.plays(Reply(500), Reply(200), Reply(500))
    delivery = pending(webhook)
    send_due()
    clock.forward(hours=23)
    send_due()
    webhook.refresh_from_db()
    assert (state(delivery), webhook.failing_since) == ((2, 200, True, False), None)
    clock.forward(hours=23)
    pending(webhook)
    send_due()
    webhook.refresh_from_db()
    assert (webhook.paused, webhook.failing_since) == (None, clock.now)


def test_resumed_it_sends_what_the_last_day_missed(
    cast: Cast, webhook: Webhook, receiver: StandIn, clock: Clock
) -> None:
    old, failed = pending(webhook), pending(webhook)
    Delivery.objects.filter(pk=old.pk).update(created=clock.now - timedelta(hours=25))
    receiver.player = lambda _: Reply(500)
    send_due()
    pause_webhook(webhook=webhook, actor=cast.alice)
    missed = pending(webhook)
    clock.forward(minutes=1)
    assert send_due() == 0
    assert pause_webhook(webhook=webhook, actor=cast.alice) is False
    resume_webhook(webhook=webhook, actor=cast.alice)
    assert resume_webhook(webhook=webhook, actor=cast.alice) is False
    receiver.player = lambda _: Reply(200)
    assert send_due() == 2
    assert state(failed) == state(missed) == (1, 200, True, False)
    assert state(old) == (1, 500, False, False)
    assert pauses(webhook) == [""]


def test_gone_pauses_at_once(webhook: Webhook, receiver: StandIn) -> None:
    delivery, other = pending(webhook), pending(webhook)
    receiver.plays(Reply(410))
    assert send_due() == 1
    webhook.refresh_from_db()
    assert webhook.paused is not None
    assert "410 (Gone)" in webhook.pause_reason
    assert pauses(webhook) == [": the receiver answered with status 410 (Gone)"]
    assert state(delivery) == (1, 410, False, False)
    assert state(other) == (0, None, False, False)


@pytest.mark.parametrize(
    ("status", "asked", "waits"),
    [
        (429, "900", 900),
        (503, "1200", 1200),
        (503, "999999999", 4 * 3600),
        (503, "soon", None),
        (500, "900", None),
    ],
)
def test_retry_after(
    webhook: Webhook, receiver: StandIn, clock: Clock, status: int, asked: str, waits: int | None
) -> None:
    receiver.plays(Reply(status, headers={"Retry-After": asked}))
    delivery = pending(webhook)
    send_due()
    waited = to_the_next(clock, delivery)
    assert waited < 10 if waits is None else waited == waits


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(302, headers={"Location": "http://127.0.0.1:9/"}), "redirects (status 302)"),
        (Reply(404), "status 404"),
        (CUT, "cannot be reached, or closed the connection"),
    ],
)
def test_what_is_not_accepted(
    webhook: Webhook, receiver: StandIn, reply: Reply | None, error: str
) -> None:
    receiver.plays(reply)
    delivery = pending(webhook)
    send_due()
    delivery.refresh_from_db()
    assert error in delivery.error
    assert delivery.next_attempt is not None
    assert receiver.connections == 1


def test_a_slow_receiver_is_cut_off(
    webhook: Webhook, receiver: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "SECONDS", 0.2)
    receiver.plays(Reply(200, silence=60))
    delivery = pending(webhook)
    send_due()
    assert state(delivery) == (1, None, False, True)
    assert delivery.error == "The receiver did not answer within 0.2 seconds."


def test_a_private_network_is_not_opened(cast: Cast, settings: Settings) -> None:
    with standing_in() as receiver:
        settings.LIKEWISE_FETCH_PRIVATE = ["127.0.0.0/8"]
        delivery = pending(make_webhook(cast.workspace, receiver.url))
        settings.LIKEWISE_FETCH_PRIVATE = []
        send_due()
        assert receiver.connections == 0
    delivery.refresh_from_db()
    assert "127.0.0.1 is in a private network" in delivery.error
    assert delivery.next_attempt is not None


def test_a_name_of_a_private_network_is_not_opened(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_FETCH_PRIVATE = []
    with standing_in() as receiver:
        webhook = make_webhook(cast.workspace, f"http://localhost:{receiver.server_port}/")
        delivery = pending(webhook)
        send_due()
        assert receiver.connections == 0
    delivery.refresh_from_db()
    assert "localhost is in a private network" in delivery.error


def test_a_worker_that_is_killed_before_it_has_written_it_down(
    webhook: Webhook, receiver: StandIn, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.player = lambda _: Reply(200)
    delivery = pending(webhook)
    with monkeypatch.context() as patch:
        patch.setattr(attempts, "_record", lambda *_: None)
        send_due()
    assert state(delivery) == (0, None, False, True)
    assert send_due() == 0
    clock.now += LEASE
    assert send_due() == 1
    assert state(delivery) == (1, 200, True, False)
    first, second = receiver.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_a_worker_that_was_away_for_longer_than_its_lease(
    webhook: Webhook, receiver: StandIn, clock: Clock
) -> None:
    receiver.player = lambda _: Reply(500)
    delivery = pending(webhook)
    slow = claim_due()
    assert slow is not None
    clock.now += LEASE
    send_due()
    planned = Delivery.objects.get().next_attempt
    attempt(slow)
    assert state(delivery) == (1, 500, False, True)
    assert delivery.next_attempt == planned
    # What the slow one has delivered counts all the same.
    clock.now = planned
    slow = claim_due()
    clock.now += LEASE
    send_due()
    receiver.player = lambda _: Reply(200)
    assert slow is not None
    attempt(slow)
    assert state(delivery) == (3, 200, True, False)


def test_paused_while_it_is_sent(cast: Cast, webhook: Webhook, receiver: StandIn) -> None:
    delivery, other = pending(webhook), pending(webhook)
    first, second = claim_due(), claim_due()
    pause_webhook(webhook=webhook, actor=cast.alice)
    receiver.plays(Reply(500), Reply(200))
    assert first is not None
    assert second is not None
    attempt(first)
    attempt(second)
    assert state(delivery) == (1, 500, False, False)
    assert state(other) == (1, 200, True, False)


def test_deleted_while_it_is_sent(cast: Cast, webhook: Webhook, receiver: StandIn) -> None:
    pending(webhook)
    claimed = claim_due()
    delete_webhook(webhook=webhook, actor=cast.alice)
    receiver.plays(Reply(200))
    assert claimed is not None
    attempt(claimed)
    assert not Delivery.objects.exists()


def test_a_test_is_sent_once(cast: Cast, webhook: Webhook, receiver: StandIn) -> None:
    pause_webhook(webhook=webhook, actor=cast.alice)
    receiver.plays(Reply(500))
    delivery = send_test(webhook=webhook, actor=cast.alice)
    assert send_due() == 1
    assert state(delivery) == (1, 500, False, False)
    webhook.refresh_from_db()
    assert webhook.failing_since is None
    told = json.loads(receiver.asked[0].body)
    assert told["type"] == "webhook.test"
    assert told["data"]["workspace"]["name"] == "Alice’s shop"


@pytest.mark.parametrize("paused", [True, False])
def test_sent_again(cast: Cast, webhook: Webhook, receiver: StandIn, *, paused: bool) -> None:
    receiver.plays(Reply(200), Reply(500))
    delivery = pending(webhook)
    send_due()
    if paused:
        pause_webhook(webhook=webhook, actor=cast.alice)
    send_again(delivery=delivery, actor=cast.alice)
    assert state(delivery) == (0, None, False, True)
    send_due()
    assert state(delivery) == (1, 500, False, not paused)
    first, second = receiver.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_webhooks_take_turns(cast: Cast, webhook: Webhook, receiver: StandIn, clock: Clock) -> None:
    receiver.player = lambda _: Reply(200)
    for _ in range(3):
        pending(webhook)
    other = make_webhook(cast.workspace, f"{receiver.url}/other")
    pending(other)
    pending(other)
    order = []
    while (delivery := claim_due()) is not None:
        clock.forward(seconds=1)
        attempt(delivery)
        order.append(delivery.webhook == other)
    assert sorted(order[:2]) == sorted(order[2:4]) == [False, True]
    assert order[4:] == [False] * 3


def test_who_is_served_already_and_who_fails_can_be_passed_over(
    cast: Cast, webhook: Webhook, clock: Clock
) -> None:
    pending(webhook)
    assert claim_due(besides=[webhook.pk]) is None
    Webhook.objects.filter(pk=webhook.pk).update(failing_since=clock.now)
    assert claim_due(healthy_only=True) is None
    assert claim_due() is not None


def test_a_new_secret_key_and_the_old_one_dropped_later(
    webhook: Webhook, receiver: StandIn, settings: Settings
) -> None:
    receiver.player = lambda _: Reply(200)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "n" * 50
    settings.SECRET_KEY_FALLBACKS = [old]
    pending(webhook)
    send_due()
    settings.SECRET_KEY_FALLBACKS = []
    delivery = pending(webhook)
    send_due()
    assert state(delivery) == (1, 200, True, False)


def test_a_secret_that_cannot_be_decrypted(webhook: Webhook, settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, []
    delivery = pending(webhook)
    send_due()
    assert state(delivery) == (1, None, False, True)
    assert "SECRET_KEY changed. Rotate it." in delivery.error


def test_the_secret_is_nowhere(
    cast: Cast, receiver: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    webhook, secret = add_webhook(
        workspace=cast.workspace,
        url=f"{receiver.url}/token-in-the-path",
        events=["version.trained"],
        actor=cast.alice,
    )
    receiver.player = lambda asked: Reply(500, repr(asked.headers).encode() + secret.encode())
    pending(webhook)
    send_due()
    plain = secret.removeprefix("whsec_")
    for hidden in (secret, plain, b64encode(secret.encode()).decode()):
        assert hidden not in caplog.text
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                assert hidden not in repr(cursor.fetchall()), table
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("likewise")]
    assert ours
    assert "token-in-the-path" not in "".join(ours)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_workers_that_send_at_once_send_each_once(settings: Settings) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("needs PostgreSQL: SQLite's tests share one connection")
    settings.LIKEWISE_FETCH_PRIVATE = ["127.0.0.0/8"]
    cast = make_cast()
    with standing_in() as receiver:
        receiver.player = lambda _: Reply(200)
        webhook = make_webhook(cast.workspace, receiver.url)
        for _ in range(12):
            pending(webhook)
        begin = threading.Barrier(4)

        def work() -> None:
            begin.wait()
            send_due()
            connections.close_all()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    send_due()
    ids = [one.headers["webhook-id"] for one in receiver.asked]
    assert len(ids) == len(set(ids)) == 12
    assert not Delivery.objects.filter(delivered=None).exists()
    assert all(one.delivered <= timezone.now() for one in Delivery.objects.all())
