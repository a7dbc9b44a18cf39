"""What many ask for at once is read by one of them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.queries import moments
from dashboard.queries.moments import Snapshots


class Clock:
    """A time that stands still until it is put on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(moments.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_it_works(clock: Clock) -> None:
    told = iter(range(10))
    snapshots = Snapshots[str, int](0.5, lambda _: next(told))
    assert [snapshots.get("a"), snapshots.get("a"), snapshots.get("b")] == [0, 0, 1]
    clock.now += 0.5
    assert snapshots.get("a") == 2
    snapshots.clear()
    assert snapshots.get("a") == 3


def test_one_reads_and_the_others_are_told_the_last(clock: Clock) -> None:
    reading, go_on = threading.Event(), threading.Event()
    told = iter(range(10))

    def read(_: str) -> int:
        value = next(told)
        if value:
            reading.set()
            assert go_on.wait(10)
        return value

    snapshots = Snapshots[str, int](0.5, read)
    snapshots.get("a")
    clock.now += 0.6
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(snapshots.get, "a")
        assert reading.wait(10)
        assert snapshots.get("a") == 0
        go_on.set()
        assert other.result() == 1
    assert snapshots.get("a") == 1


def test_one_that_nobody_asked_for_long_is_read(clock: Clock) -> None:
    reading, go_on = threading.Event(), threading.Event()
    told = iter(range(10))

    def read(_: str) -> int:
        value = next(told)
        if value == 1:
            reading.set()
            assert go_on.wait(10)
        return value

    snapshots = Snapshots[str, int](0.5, read)
    snapshots.get("a")
    clock.now += 60
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(snapshots.get, "a")
        assert reading.wait(10)
        assert snapshots.get("a") == 2
        go_on.set()
        assert other.result() == 1


def test_what_was_read_before_a_change_is_not_kept(clock: Clock) -> None:
    told = iter(range(10))

    def read(_: str) -> int:
        value = next(told)
        if not value:
            snapshots.clear()  # somebody changes it while it is read
        return value

    snapshots = Snapshots[str, int](0.5, read)
    assert [snapshots.get("a"), snapshots.get("a")] == [0, 1]


def test_what_cannot_be_read_is_not_kept(clock: Clock) -> None:
    outcomes = iter([7, LookupError("gone"), LookupError("gone")])

    def read(_: str) -> int:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    snapshots = Snapshots[str, int](0.5, read)
    assert snapshots.get("a") == 7
    clock.now += 0.6
    for _ in range(2):
        with pytest.raises(LookupError):
            snapshots.get("a")
