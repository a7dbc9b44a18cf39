"""What many ask for at the same time is read once, for this process."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

KEPT = 1000


class Snapshots(Generic[K, V]):
    """Values by key, read by a function and given to everybody for a moment."""

    def __init__(self, seconds: float, read: Callable[[K], V]) -> None:
        self._seconds = seconds
        self._read = read
        self._kept: dict[K, tuple[float, V]] = {}
        self._cleared = 0
        self._lock = threading.Lock()

    def get(self, key: K) -> V:
        """Return the value, at most so many seconds old.

        While one reads it anew, others are told the last one once more: they do not all read.
        """
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is not None and now - kept[0] < self._seconds:
            return kept[1]
        with self._lock:
            cleared = self._cleared
            kept = self._kept.pop(key, None)
            if kept is not None and now - kept[0] < 2 * self._seconds:
                self._kept[key] = (now, kept[1])
        try:
            value = self._read(key)
        except BaseException:
            with self._lock:
                self._kept.pop(key, None)
            raise
        with self._lock:
            # What was read before somebody cleared may be what they have changed.
            if cleared == self._cleared:
                if len(self._kept) >= KEPT:
                    self._kept.clear()
                self._kept[key] = (time.monotonic(), value)
        return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._cleared += 1
            self._kept.clear()
