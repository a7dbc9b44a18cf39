"""Limit the requests per second of all threads together.

It keeps one point in time, before which no request may start; each request moves it. Rate limit
libraries keep buckets and their storage for many clients; here there is one client.
"""

import threading
import time
from collections.abc import Callable


class Pace:
    """Pass `per_second` threads a second, and after a rest those of one second at once.

    All threads wait while the server has asked for a pause.
    """

    def __init__(
        self,
        per_second: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if per_second is not None and per_second <= 0:
            raise ValueError("requests_per_second is above 0")
        self._step = 1 / per_second if per_second else 0.0
        self._burst = max(0.0, 1 - self._step) if per_second else 0.0
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._next = self._paused = clock()

    def wait(self) -> None:
        """Wait until this thread may send its request."""
        if (seconds := self._reserved()) > 0:
            self._sleep(seconds)

    def pause(self, seconds: float) -> None:
        """Stop all threads for so long."""
        with self._lock:
            self._paused = max(self._paused, self._clock() + seconds)

    def _reserved(self) -> float:
        with self._lock:
            now = self._clock()
            self._next = max(self._next, now - self._burst, self._paused)
            mine, self._next = self._next, self._next + self._step
            return mine - now
