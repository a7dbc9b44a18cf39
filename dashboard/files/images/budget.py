"""Limit the memory of concurrent decoding in this process; what does not fit waits.

There are two lanes, each first in, first out. Photos of ordinary size have one of their own, so
they never wait for a large image; nothing overtakes in the other lane, so a large image is never
starved.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from dashboard.files.errors import DecodersBusy
from dashboard.files.images.allocator import give_back
from dashboard.files.limits import MIB, configured_decoding_memory

# A photo of 12 MP takes 3 MB (its decoder scales), a PNG of 2 MP takes 8.
SMALL: Final = 16 * MIB
SMALL_SHARE: Final = 6  # the lane of small images gets one part in six
# Phones make images of up to this many pixels, some of 20 bytes each: they are always decoded,
# alone if need be. Larger ones may exceed the budget by a fifth, and no more.
ALWAYS: Final = 64_000_000
MOST_OVER: Final = 1.2
# For a web server, which has 16 threads: four stay free for requests without large images. Ten
# lossless WebPs of 50 MP are done in some five seconds of a core.
PATIENCE: Final = 30.0
MOST_WAITING: Final = 12
# Below this the allocator's own thresholds return the memory well enough.
_LARGE: Final = 32 * MIB


@dataclass(eq=False)
class _Waiter:
    need: int
    turn: threading.Event = field(default_factory=threading.Event)


class Lane:
    """A weighted semaphore in the order of arrival.

    Reservations add up to `capacity` at most, except a larger one, which is admitted when the lane
    is empty. A second reservation by a thread that holds one never waits, since it would deadlock
    with itself; the lane may be over capacity by that much.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used = 0
        self._waiting: deque[_Waiter] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """Return how many threads wait."""
        return len(self._waiting)

    def take(self, need: int, patience: float | None, most_waiting: int | None) -> None:
        """Return once there is capacity. Raises DecodersBusy if that takes too long."""
        with self._lock:
            # Nobody overtakes waiting threads, or a large image would wait forever beside many
            # small ones.
            if not self._waiting and self._has_room(need):
                self.used += need
                return
            if most_waiting is not None and len(self._waiting) >= most_waiting:
                raise DecodersBusy
            waiter = _Waiter(need)
            self._waiting.append(waiter)
        try:
            waiter.turn.wait(patience)
        except BaseException:
            self._withdraw(waiter)
            if waiter.turn.is_set():  # its turn came just now
                self.free(need)
            raise
        self._withdraw(waiter)
        if not waiter.turn.is_set():
            raise DecodersBusy

    def take_at_once(self, need: int) -> None:
        """Take without waiting, even beyond the capacity."""
        with self._lock:
            self.used += need

    def free(self, need: int) -> None:
        """Release a reservation, and admit waiting threads."""
        with self._lock:
            self.used -= need
            self._admit()

    def _has_room(self, need: int) -> bool:
        # An image larger than the lane is admitted alone; otherwise it would wait forever.
        return self.used == 0 or self.used + need <= self.capacity

    def _admit(self) -> None:
        while self._waiting and self._has_room(self._waiting[0].need):
            waiter = self._waiting.popleft()
            self.used += waiter.need
            waiter.turn.set()

    def _withdraw(self, waiter: _Waiter) -> None:
        with self._lock:
            if not waiter.turn.is_set():
                self._waiting.remove(waiter)
                self._admit()  # those behind may be smaller


class Budget:
    """The memory of all decoding in this process.

    `patience` is how many seconds a thread waits, and `most_waiting` how many threads may wait in
    each lane; None means no limit, as in a worker.
    """

    def __init__(self, capacity: int) -> None:
        small = capacity // SMALL_SHARE
        self.capacity = capacity
        self.small, self.large = Lane(small), Lane(capacity - small)
        self.patience: float | None = None
        self.most_waiting: int | None = None
        self._held = threading.local()

    def can_hold(self, need: int, pixels: int) -> bool:
        """Return whether an image that needs this many bytes is decoded at all."""
        return pixels <= ALWAYS or need <= MOST_OVER * self.capacity

    def hurry(self) -> None:
        """Limit the waiting, for a web server, where each thread serves a request."""
        self.patience, self.most_waiting = PATIENCE, MOST_WAITING

    @contextmanager
    def reserve(self, need: int) -> Iterator[None]:
        """Reserve bytes for the duration of the block. Raises DecodersBusy."""
        # A small budget has a small lane: what does not fit there is large.
        lane = self.small if need <= min(SMALL, self.small.capacity) else self.large
        depth = getattr(self._held, "depth", 0)
        if depth:
            lane.take_at_once(need)
        else:
            lane.take(need, self.patience, self.most_waiting)
        self._held.depth = depth + 1
        try:
            yield
        finally:
            self._held.depth = depth
            # Before the next one is admitted, or its pages would come on top.
            if need >= _LARGE:
                give_back()
            lane.free(need)


@cache
def decoding() -> Budget:
    """Return the budget of this process."""
    return Budget(configured_decoding_memory())
