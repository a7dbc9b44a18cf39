"""How much memory decoding may take at once in this process; what needs more than is left waits.

Two lanes, each first come, first served. Photos of ordinary size have one of their own, so they
never wait for a large image; in the other lane nobody overtakes, so a large image is never starved.
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
SMALL_SHARE: Final = 6  # the lane of small images has one part in so many
# Phones make images of up to so many pixels, some of 20 bytes each: they are decoded in any case,
# alone if need be. What is larger may be over the budget by a fifth, and no more.
ALWAYS: Final = 64_000_000
MOST_OVER: Final = 1.2
# Of a web server, which has 16 threads: four stay for those who send no large images. Ten
# lossless WebPs of 50 MP are through in some five seconds of a core.
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

    Reservations add up to `capacity` at most, except one that is larger: it gets in when nobody
    else is in. Reserving again in a thread that holds a reservation never waits, since waiting for
    oneself would never end; that much the lane may be over.
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
        """Return once there is room. Raises DecodersBusy if that takes too long."""
        with self._lock:
            # Nobody overtakes those who wait, or a large image would wait for ever beside many
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
        """Take without waiting, even if that is too much."""
        with self._lock:
            self.used += need

    def free(self, need: int) -> None:
        """Give back what was taken, and let in who waits."""
        with self._lock:
            self.used -= need
            self._admit()

    def _has_room(self, need: int) -> bool:
        # An image larger than the lane is let in alone; it would wait for ever otherwise.
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

    `patience` is how many seconds a thread waits, and `most_waiting` how many threads may in each
    lane; None is without end, as in a worker.
    """

    def __init__(self, capacity: int) -> None:
        small = capacity // SMALL_SHARE
        self.capacity = capacity
        self.small, self.large = Lane(small), Lane(capacity - small)
        self.patience: float | None = None
        self.most_waiting: int | None = None
        self._held = threading.local()

    def can_hold(self, need: int, pixels: int) -> bool:
        """Tell whether an image that needs so many bytes is decoded at all."""
        return pixels <= ALWAYS or need <= MOST_OVER * self.capacity

    def hurry(self) -> None:
        """Let nobody wait for long: what a web server does, whose every thread is somebody's."""
        self.patience, self.most_waiting = PATIENCE, MOST_WAITING

    @contextmanager
    def reserve(self, need: int) -> Iterator[None]:
        """Hold so many bytes for as long as the block runs. Raises DecodersBusy."""
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
            # Before the next one gets in, or its pages would come on top.
            if need >= _LARGE:
                give_back()
            lane.free(need)


@cache
def decoding() -> Budget:
    """Return the budget of this process."""
    return Budget(configured_decoding_memory())
