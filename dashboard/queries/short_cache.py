"""Cache values that many requests read at the same time, for a second or so."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

# Bounds memory. Clearing all is enough: values are read again within a second anyway.
KEPT = 1000


class ShortCache(Generic[K, V]):
    """Values by key, read by a function and shared for `seconds`."""

    def __init__(self, seconds: float, read: Callable[[K], V]) -> None:
        self._seconds = seconds
        self._read = read
        self._kept: dict[K, tuple[float, V]] = {}
        self._cleared = 0
        self._lock = threading.Lock()

    def get(self, key: K) -> V:
        """Return the value, at most `seconds` old plus the time that reading takes."""
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
        # Otherwise the others would get the old value for another period, though nobody reads it.
        except BaseException:
            with self._lock:
                self._kept.pop(key, None)
            raise
        with self._lock:
            if cleared == self._cleared:  # otherwise it may have been read before the clearing
                if len(self._kept) >= KEPT:
                    self._kept.clear()
                self._kept[key] = (now, value)
        return value

    def clear(self) -> None:
        """Clear the cache."""
        with self._lock:
            self._cleared += 1
            self._kept.clear()
