"""So many requests a second, whichever thread sends them."""

import threading
from dataclasses import replace

import pytest

from dashboard.remote import Limits
from dashboard.remote.pacing import Pace
from tests.remote.stand_in import QUICK, StandIn, connected, named, says


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_it_works() -> None:
    clock = Clock()
    pace = Pace(4, clock=clock, sleep=clock.sleep)
    for _ in range(9):
        pace.wait()
    assert clock.now == pytest.approx(102)


def test_after_a_rest_a_second_is_free() -> None:
    clock = Clock()
    pace = Pace(4, clock=clock, sleep=clock.sleep)
    clock.now = 200.0
    for _ in range(4):
        pace.wait()
    assert clock.now == pytest.approx(200)
    pace.wait()
    assert clock.now == pytest.approx(200.25)


def test_a_pause_is_for_all() -> None:
    clock = Clock()
    pace = Pace(None, clock=clock, sleep=clock.sleep)
    pace.wait()
    pace.pause(7)
    pace.pause(3)
    pace.wait()
    assert clock.now == pytest.approx(107)
    pace.wait()
    assert clock.now == pytest.approx(107)


def test_threads_share_it() -> None:
    slept: list[float] = []
    pace = Pace(10, clock=lambda: 0.0, sleep=slept.append)
    threads = [threading.Thread(target=pace.wait) for _ in range(21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slept) == pytest.approx([n / 10 for n in range(1, 21)])


@pytest.mark.parametrize("rate", [0, -1.0])
def test_a_rate_that_is_none(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Pace(rate)


@pytest.mark.parametrize("size", [0, 1001])
def test_a_page_size_that_the_contract_forbids(size: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 1000"):
        Limits(page_size=size)


def test_a_server_keeps_to_it(stand_in: StandIn) -> None:
    clock = Clock()
    server = connected(
        stand_in, replace(QUICK, requests_per_second=2), clock=clock, sleep=clock.sleep
    )
    stand_in.player = lambda _: says(named(1))
    elsewhere = server.in_workspace("w1")
    for _ in range(5):
        server.similarity_type("x")
        elsewhere.similarity_type("x")
    assert clock.now == pytest.approx(104.5)
    assert stand_in.asked[1].query == {"workspace": "w1"}


def test_threads_share_a_server(stand_in: StandIn) -> None:
    stand_in.player = lambda asked: says(named(int(asked.path.rpartition("/")[2])))
    server = connected(stand_in, threads=4)
    found: list[tuple[int, str]] = []

    def read(start: int) -> None:
        for number in range(start, start + 25):
            found.append((number, server.similarity_type(str(number)).id))

    threads = [threading.Thread(target=read, args=(start,)) for start in range(0, 200, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(number, f"id-{number}") for number in range(200)]
