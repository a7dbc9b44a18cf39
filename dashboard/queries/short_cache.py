"""A cache of a second or so for values that many requests read at the same time."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

# Bounds memory. Clearing all is enough: values are read again within a second anyway.
KEPT = 1000


class ShortCache(Generic[K, V]):
    """Values by key, read by a function and given to everybody for a moment."""

    def __init__(self, seconds: float, read: Callable[[K], V]) -> None:
        self._seconds = seconds
        self._read = read
        self._kept: dict[K, tuple[float, V]] = {}
        self._cleared = 0
        self._lock = threading.Lock()

    def get(self, key: K) -> V:
        """Return the value, at most so many seconds old, or as much older as it takes to read."""
        now = time.monotonic()
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                if now - kept[0] < self._seconds:
                    return kept[1]
                self._kept[key] = (now, kept[1])  # one reads, while others still get the old one
            cleared = self._cleared
        try:
            value = self._read(key)
        # Else the others would be given the old value for another period, though nobody reads it.
        except BaseException:
            with self._lock:
                self._kept.pop(key, None)
            raise
        with self._lock:
            if cleared == self._cleared:  # or it may be of before
                if len(self._kept) >= KEPT:
                    self._kept.clear()
                self._kept[key] = (now, value)
        return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._cleared += 1
            self._kept.clear()
