"""Locks that say what threads wait for, so that a test knows when one does."""

from collections.abc import Callable
from threading import Condition, Event, Lock
from typing import Any, TypeVar

PATIENCE = 30  # seconds until a test that waits for nothing fails
T = TypeVar("T")


class _WatchedLock:
    def __init__(self) -> None:
        self.asked = Event()
        self._lock = Lock()

    def __enter__(self) -> None:
        self.asked.set()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def watched_lock() -> Any:
    """Make a lock that sets `asked` when a thread is about to enter."""
    return _WatchedLock()


class WatchedCondition(Condition):
    """Sets `asked` when a thread is about to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = Event()

    def wait_for(self, predicate: Callable[[], T], timeout: float | None = None) -> T:
        self.asked.set()
        return super().wait_for(predicate, timeout)
