"""Each event of the journal becomes one delivery for each webhook that asks for it."""

import json
import threading
from typing import Any

import pytest
from django.db import connection, connections

from accounts import team
from accounts.models import Change
from accounts.verbs import Verb
from dashboard.jobs import sweep
from dashboard.models import Delivery, Webhook
from dashboard.models.webhooks import Event
from dashboard.services.training.versions import set_production
from dashboard.services.webhooks import reading
from dashboard.services.webhooks.messages import EVENTS
from dashboard.services.webhooks.reading import NOT_SENT, read_journals
from dashboard.services.webhooks.webhooks import pause_webhook
from dashboard.views.workspaces.activity import PLAIN, SENTENCES
from tests.factories import Cast, make_cast, make_task, make_user, make_version, make_webhook
from tests.services.webhooks.conftest import happened

pytestmark = pytest.mark.django_db
THREADS = 4


def messages(webhook: Webhook) -> list[dict[str, Any]]:
    rows = Delivery.objects.filter(webhook=webhook).order_by("pk")
    return [json.loads(row.body) for row in rows]


def test_it_works(cast: Cast) -> None:
    webhook = make_webhook(cast.workspace)
    version = make_version(make_task(cast.workspace, "Shoes"))
    set_production(version=version, production=True, actor=cast.ann)
    change = Change.objects.latest("pk")
    read_journals()
    [row] = Delivery.objects.all()
    assert (row.event, row.webhook, row.attempts) == ("production.changed", webhook, 0)
    assert row.message_id.startswith("msg_")
    assert json.loads(row.body) == {
        "type": "production.changed",
        "timestamp": change.created.isoformat().replace("+00:00", "Z"),
        "data": {
            "workspace": {"id": str(cast.workspace.pk), "name": "Alice’s shop"},
            "id": str(version.pk),
            "name": str(version),
            "count": 1,
            "actor": {"id": str(cast.ann.pk), "name": "Ann"},
            "production": True,
        },
    }
    read_journals()
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(("kind", "event"), EVENTS.items())
def test_each_event(cast: Cast, kind: tuple[str, str], event: Event) -> None:
    webhook = make_webhook(cast.workspace, events=[event])
    verb, noun = kind
    happened(cast.workspace, verb=verb, noun=noun, count=3)
    read_journals()
    [told] = messages(webhook)
    assert (told["type"], told["data"]["count"], told["data"]["actor"]) == (event, 3, None)


def test_each_event_is_a_change_that_the_program_writes() -> None:
    assert set(EVENTS.values()) == set(Event)
    assert all(kind in SENTENCES or kind[0] in PLAIN for kind in EVENTS)


def test_nothing_else_is_told(cast: Cast) -> None:
    webhook = make_webhook(cast.workspace, events=[Event.UPLOAD_DONE])
    happened(cast.workspace)  # another event
    happened(cast.workspace, verb=Verb.IMPORTED, noun="workspace")  # the verb of one
    happened(cast.workspace, verb=Verb.CREATED, noun="type")
    happened(cast.elsewhere, verb=Verb.IMPORTED, noun="files")  # of strangers
    read_journals()
    assert messages(webhook) == []


def test_it_begins_where_it_was_added(cast: Cast) -> None:
    happened(cast.workspace)
    read_journals()
    happened(cast.workspace)  # without a number when the webhook is added
    webhook = make_webhook(cast.workspace)
    happened(cast.workspace, target_name="Later 1")
    read_journals()
    assert [one["data"]["name"] for one in messages(webhook)] == ["Later 1"]


def test_a_member_without_a_name_stays_without_one(cast: Cast) -> None:
    webhook = make_webhook(cast.workspace)
    dora = make_user("dora")
    dora.name = ""
    dora.save()
    invitation, _ = team.invite_member(
        workspace=cast.workspace, email=dora.email, role="editor", actor=cast.alice
    )
    team.accept_invitation(invitation=invitation, actor=dora)
    read_journals()
    [told] = messages(webhook)
    assert told["data"]["role"] == "editor"
    assert (told["data"]["name"], told["data"]["actor"]["name"]) == ("", "")
    assert "@" not in json.dumps(told)


def test_a_kill_between_the_steps_repeats_and_doubles_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = make_webhook(cast.workspace)
    happened(cast.workspace)
    with monkeypatch.context() as patch:
        patch.setattr(Webhook, "save", _killed)  # after the deliveries were written
        with pytest.raises(KeyboardInterrupt):
            read_journals()
    assert messages(webhook) == []
    read_journals()
    read_journals()
    assert len(messages(webhook)) == 1


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_many_are_read_in_portions(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 3)
    webhook = make_webhook(cast.workspace)
    names = [f"Shoes {number}" for number in range(9)]
    for name in names:
        happened(cast.workspace, verb=Verb.CREATED, noun="type")
        happened(cast.workspace, target_name=name)
    read_journals()
    assert [one["data"]["name"] for one in messages(webhook)] == names


def test_a_paused_one_keeps_its_log(cast: Cast) -> None:
    webhook = make_webhook(cast.workspace)
    pause_webhook(webhook=webhook, actor=cast.alice)
    happened(cast.workspace)
    read_journals()
    [row] = Delivery.objects.all()
    assert (row.next_attempt, row.error) == (None, NOT_SENT)


def test_a_webhook_that_goes_meanwhile(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    make_webhook(cast.workspace)
    happened(cast.workspace)
    rows = [*Webhook.objects.all()]
    Webhook.objects.all().delete()
    monkeypatch.setattr(reading, "webhooks_behind", lambda: rows)
    read_journals()
    assert not Delivery.objects.exists()


def test_it_costs_little_while_nothing_happens(cast: Cast, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    make_webhook(cast.workspace)
    read_journals()
    happened(cast.elsewhere)  # without a webhook, whose changes need no number from here
    with django_assert_num_queries(1):
        sweep.tell_webhooks()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_workers_that_read_at_once_double_nothing() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("needs PostgreSQL: SQLite's tests share one connection")
    cast = make_cast()
    webhook = make_webhook(cast.workspace)
    begin = threading.Barrier(THREADS)

    def work(number: int) -> None:
        begin.wait()
        for step in range(10):
            happened(cast.workspace, target_name=f"{number}/{step}")
            read_journals()
        connections.close_all()

    threads = [threading.Thread(target=work, args=[number]) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read_journals()
    names = [one["data"]["name"] for one in messages(webhook)]
    assert sorted(names) == sorted(f"{n}/{step}" for n in range(THREADS) for step in range(10))
