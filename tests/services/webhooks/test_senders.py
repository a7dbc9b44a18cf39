"""The threads that send: few, one message at a time to a webhook, and some free of failures."""

import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from dashboard.jobs import deliveries, sweep
from dashboard.jobs.deliveries import Senders
from dashboard.services.jobs.jobs import stopping
from dashboard.services.webhooks.webhooks import send_test
from tests.factories import Cast, make_webhook

PATIENCE = 20


class Due:
    """What is due, by webhook; each is under way until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waiting: deque[SimpleNamespace] = deque()
        self.under_way: list[SimpleNamespace] = []
        self.sent: list[SimpleNamespace] = []
        self.changed = threading.Condition()
        self.is_open = False
        monkeypatch.setattr(deliveries, "claim_due", self.claim)
        monkeypatch.setattr(deliveries, "due_webhooks", self.due)
        monkeypatch.setattr(deliveries, "connection", SimpleNamespace(close=lambda: None))
        monkeypatch.setattr(deliveries, "close_old_connections", lambda: None)
        self.senders = Senders(4, self.send)  # type: ignore[arg-type]

    def put(self, webhook: UUID, *, failing: bool = False, broken: bool = False) -> None:
        since = "yesterday" if failing else None
        row = SimpleNamespace(failing_since=since)
        self.waiting.append(SimpleNamespace(webhook_id=webhook, webhook=row, broken=broken))

    def due(self, _: object, *, besides: Collection[UUID]) -> "_Rows":
        return _Rows({one.webhook_id for one in self.waiting} - set(besides))

    def claim(self, *, besides: Collection[UUID], healthy_only: bool) -> Any:
        for one in self.waiting:
            passed_over = healthy_only and one.webhook.failing_since
            if one.webhook_id not in besides and not passed_over:
                self.waiting.remove(one)
                return one
        return None

    def send(self, delivery: SimpleNamespace) -> None:
        with self.changed:
            self.under_way.append(delivery)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: self.is_open, PATIENCE)
            self.under_way.remove(delivery)
            self.sent.append(delivery)
            self.changed.notify_all()
        if delivery.broken:
            raise ZeroDivisionError

    def wait(self, *, under_way: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.under_way) == under_way, PATIENCE)

    def look_until(self, *, under_way: int) -> None:
        """Look as often as a sweep does: threads that found nothing take a while to end."""
        end = time.monotonic() + PATIENCE
        with self.changed:
            while len(self.under_way) != under_way:
                assert time.monotonic() < end
                self.senders.look()
                self.changed.wait(0.05)

    def let_all_go(self, count: int) -> None:
        with self.changed:
            self.is_open = True
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: len(self.sent) == count, PATIENCE)


class _Rows:
    """So much of a queryset as is asked of one here."""

    def __init__(self, rows: Collection[UUID]) -> None:
        self.rows = rows

    def __getitem__(self, wanted: slice) -> "_Rows":
        return _Rows([*self.rows][wanted])

    def count(self) -> int:
        return len(self.rows)


@pytest.fixture
def due(monkeypatch: pytest.MonkeyPatch) -> Iterator[Due]:
    yield Due(monkeypatch)
    _ended()


def _ended() -> None:
    """Wait until no thread sends any more."""
    for thread in threading.enumerate():
        if thread.name == "webhooks":
            thread.join(PATIENCE)


def test_a_slow_receiver_holds_up_nobody_else(due: Due) -> None:
    slow = uuid4()
    due.put(slow)
    due.senders.look()
    due.wait(under_way=1)
    for _ in range(9):
        due.put(slow)
    due.put(uuid4())
    due.senders.look()
    due.senders.look()
    due.wait(under_way=2)
    assert sum(one.webhook_id == slow for one in due.under_way) == 1
    due.let_all_go(11)


def test_so_many_at_once_and_all_in_the_end(due: Due) -> None:
    for _ in range(9):
        due.put(uuid4())
    due.senders.look()
    due.wait(under_way=4)
    due.senders.look()
    assert len(due.under_way) == 4
    due.let_all_go(9)


def test_those_that_fail_have_half_of_the_threads(due: Due) -> None:
    for _ in range(6):
        due.put(uuid4(), failing=True)
    due.senders.look()
    due.wait(under_way=2)
    for _ in range(3):
        due.put(uuid4())
    due.look_until(under_way=4)
    assert sum(one.webhook.failing_since is None for one in due.under_way) == 2
    due.let_all_go(9)


def test_a_defect_takes_no_thread_along(due: Due) -> None:
    for _ in range(8):
        due.put(uuid4(), broken=True)
        due.is_open = True
        sent = len(due.sent)
        due.senders.look()
        due.let_all_go(sent + 1)
        # Its thread is counted until it has written the log: under load four of them would be.
        _ended()
    assert len(due.sent) == 8


def test_a_worker_that_stops_begins_nothing(due: Due) -> None:
    due.put(uuid4())
    stopping.set()
    try:
        due.senders.look()
        _ended()
    finally:
        stopping.clear()
    assert len(due.waiting) == 1


def test_the_sweep_reads_and_looks(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(sweep, "read_journals", _fails)
    monkeypatch.setattr(sweep.senders, "look", lambda: begun.append("looked"))
    sweep.tell_webhooks()
    assert begun == []
    send_test(webhook=make_webhook(cast.workspace), actor=cast.alice)
    sweep.tell_webhooks()
    assert begun == ["looked"]


def _fails() -> None:
    raise ZeroDivisionError
