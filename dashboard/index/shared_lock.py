"""A lock for what many threads read and few change."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class SharedLock:
    """Any number of threads share it, or one has it alone; a thread enters it once at a time.

    One that waits to be alone is let in before those that come later: searches without a pause
    would otherwise keep it out.
    """

    def __init__(self) -> None:
        self._door = threading.Lock()
        self._left = threading.Condition()
        self._inside = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Enter beside others that share it."""
        with self._door, self._left:
            self._inside += 1
        try:
            yield
        finally:
            with self._left:
                self._inside -= 1
                self._left.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Enter once everybody has left, and let nobody else in."""
        with self._door:
            with self._left:
                self._left.wait_for(lambda: self._inside == 0)
            yield
