"""Who may decode, and when: a weighted semaphore in the order of arrival."""

import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.files.errors import DecodersBusy
from dashboard.files.images import budget
from dashboard.files.images.budget import Budget, Lane

MIB = 1 << 20


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


class Taker:
    """A thread that takes, and gives back when it is told to."""

    def __init__(self, lane: Lane, need: int) -> None:
        self.lane, self.need = lane, need
        self.has_it, self.may_end = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        before = lane.waiting
        self.thread.start()
        wait_until(lambda: self.has_it.is_set() or lane.waiting > before)

    def _run(self) -> None:
        self.lane.take(self.need, None, None)
        self.has_it.set()
        self.may_end.wait(60)
        self.lane.free(self.need)

    def end(self) -> None:
        self.may_end.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


def test_it_works() -> None:
    lane = Lane(100)
    first, second, third = Taker(lane, 60), Taker(lane, 40), Taker(lane, 1)
    assert first.has_it.is_set()
    assert second.has_it.is_set()
    assert not third.has_it.is_set()
    first.end()
    assert third.has_it.wait(60)
    assert lane.used == 41
    second.end()
    third.end()
    assert lane.used == lane.waiting == 0


def test_a_large_one_is_not_overtaken() -> None:
    lane = Lane(100)
    first = Taker(lane, 50)
    large = Taker(lane, 80)
    small = [Taker(lane, 10) for _ in range(3)]  # each would have room now
    assert not any(one.has_it.is_set() for one in small)
    first.end()
    assert large.has_it.wait(60)
    assert all(one.has_it.wait(60) for one in small[:2])
    assert not small[2].has_it.is_set()
    for one in (large, *small):
        one.end()


def test_one_that_is_larger_than_all_gets_in_alone() -> None:
    lane = Lane(100)
    first = Taker(lane, 1)
    huge = Taker(lane, 1000)
    assert not huge.has_it.is_set()
    first.end()
    assert huge.has_it.wait(60)
    after = Taker(lane, 1)
    assert not after.has_it.is_set()
    huge.end()
    assert after.has_it.wait(60)
    after.end()


def test_who_gives_up_lets_those_behind_in() -> None:
    lane = Lane(100)
    first = Taker(lane, 50)
    refused: list[type[Exception]] = []

    def try_it() -> None:
        try:
            lane.take(80, 0.2, None)
        except DecodersBusy as error:
            refused.append(type(error))

    impatient = threading.Thread(target=try_it)
    impatient.start()
    wait_until(lambda: lane.waiting == 1)
    behind = Taker(lane, 10)
    impatient.join(60)
    assert refused == [DecodersBusy]
    assert behind.has_it.wait(60)
    first.end()
    behind.end()
    assert lane.used == 0


def test_a_queue_that_is_long_enough_takes_nobody() -> None:
    lane = Lane(100)
    first, second = Taker(lane, 100), Taker(lane, 100)
    with pytest.raises(DecodersBusy):
        lane.take(1, None, 1)
    for one in (first, second):
        one.end()
    lane.take(1, None, 0)  # nobody waits, and there is room


def test_an_interruption_leaves_nothing_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane(100)
    first = Taker(lane, 100)

    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(threading.Event, "wait", interrupt)
        with pytest.raises(KeyboardInterrupt):
            lane.take(1, None, None)
    assert lane.waiting == 0
    first.end()
    assert lane.used == 0


def test_who_holds_some_never_waits_for_more() -> None:
    """Two threads that hold half and want more would wait for each other for ever."""
    both = threading.Barrier(2)
    whole = Budget(120 * MIB)
    done = []

    def nest() -> None:
        with whole.reserve(60 * MIB):
            both.wait(60)
            with whole.reserve(60 * MIB):
                done.append(True)

    threads = [threading.Thread(target=nest, daemon=True) for _ in range(2)]
    whole.large.capacity = 120 * MIB
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == [True, True]
    assert whole.large.used == whole.small.used == 0


def test_photos_do_not_wait_for_large_images() -> None:
    whole = Budget(768 * MIB)
    with whole.reserve(5000 * MIB):
        large = Taker(whole.large, 100 * MIB)
        assert not large.has_it.is_set()
        photo = Taker(whole.small, 8 * MIB)
        assert photo.has_it.is_set()
        photo.end()
    large.end()


def test_a_worker_waits_without_end_and_a_web_server_does_not() -> None:
    whole = Budget(768 * MIB)
    assert (whole.patience, whole.most_waiting) == (None, None)
    whole.hurry()
    assert whole.patience == budget.PATIENCE
    assert whole.most_waiting == budget.MOST_WAITING


def test_a_failure_gives_back() -> None:
    whole = Budget(768 * MIB)

    def fail() -> None:
        with whole.reserve(100 * MIB):
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        fail()
    assert whole.large.used == 0


@settings(max_examples=200, deadline=None)
@given(
    capacity=st.integers(1, 50),
    steps=st.lists(st.one_of(st.integers(1, 70), st.none()), max_size=40),
    which=st.randoms(use_true_random=False),
)
def test_every_order_of_events_keeps_the_bound(capacity, steps, which) -> None:
    """Numbers arrive with such a need, None is somebody who ends: one model, no threads.

    Those who wait are let in by `free` alone, in their order; so the lane's own queue is driven.
    """
    lane = Lane(capacity)
    inside: list[int] = []
    arrived: list[budget._Waiter] = []

    def let_in() -> None:
        while arrived and arrived[0].turn.is_set():
            inside.append(arrived.pop(0).need)
        assert not any(waiter.turn.is_set() for waiter in arrived)  # nobody overtook

    for need in steps:
        if need is None:
            if inside:
                lane.free(inside.pop(which.randrange(len(inside))))
                let_in()
        elif lane.waiting or not lane._has_room(need):
            arrived.append(budget._Waiter(need))
            lane._waiting.append(arrived[-1])
        else:
            lane.take(need, None, None)
            inside.append(need)
        assert lane.used == sum(inside)
        assert sum(inside) <= capacity or len(inside) == 1
        assert not arrived or inside  # nobody waits for nothing
    while inside:
        lane.free(inside.pop())
        let_in()
    assert not arrived
    assert lane.used == 0
