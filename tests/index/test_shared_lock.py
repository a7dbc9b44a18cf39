"""Many share the lock, or one has it alone, and whoever waits to be alone is let in."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from dashboard.index.shared_lock import SharedLock
from tests.index.watched import PATIENCE, WatchedCondition, watched_lock


class Watched(SharedLock):
    """The lock, with its parts watched, and what its threads did in order."""

    def __init__(self) -> None:
        super().__init__()
        self.door = watched_lock()
        self.left = WatchedCondition()
        self._door, self._left = self.door, self.left
        self.heard: list[str] = []

    def enter(self, name: str) -> None:
        with self.alone() if name == "alone" else self.shared():
            self.heard.append(name)


def test_many_share_it() -> None:
    lock, together = SharedLock(), Barrier(4)

    def enter(_: int) -> int:
        with lock.shared():
            return together.wait(PATIENCE)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, range(4))) == [0, 1, 2, 3]


def test_one_is_alone_once_the_others_have_left() -> None:
    lock = Watched()
    with ThreadPoolExecutor(1) as pool:
        with lock.shared():
            waiting = pool.submit(lock.enter, "alone")
            assert lock.left.asked.wait(PATIENCE)
            lock.heard.append("shared")
        waiting.result(PATIENCE)
    assert lock.heard == ["shared", "alone"]


@pytest.mark.parametrize("other", ["shared", "alone"])
def test_nobody_enters_while_one_is_alone(other: str) -> None:
    lock = Watched()
    with ThreadPoolExecutor(1) as pool:
        with lock.alone():
            lock.door.asked.clear()
            waiting = pool.submit(lock.enter, other)
            assert lock.door.asked.wait(PATIENCE)
            lock.heard.append("first")
        waiting.result(PATIENCE)
    assert lock.heard == ["first", other]


def test_who_waits_to_be_alone_is_let_in_before_those_that_come_later() -> None:
    lock, may_leave, entered = Watched(), Event(), Event()

    def first() -> None:
        with lock.shared():
            entered.set()
            assert may_leave.wait(PATIENCE)

    with ThreadPoolExecutor(3) as pool:
        pool.submit(first)
        assert entered.wait(PATIENCE)
        waiting = [pool.submit(lock.enter, "alone")]
        assert lock.left.asked.wait(PATIENCE)
        lock.door.asked.clear()
        waiting.append(pool.submit(lock.enter, "later"))
        assert lock.door.asked.wait(PATIENCE)
        may_leave.set()
        for one in waiting:
            one.result(PATIENCE)
    assert lock.heard == ["alone", "later"]


@pytest.mark.parametrize("kind", ["shared", "alone"])
def test_an_error_inside_leaves_it_free(kind: str) -> None:
    lock = SharedLock()
    with pytest.raises(ZeroDivisionError), getattr(lock, kind)():
        _ = 1 // 0
    with lock.alone():
        pass
    with lock.shared():
        pass
