"""Limit how many jobs a worker runs at once; each queue has its own slots.

A training therefore never takes the slot of an upload. The last free slot of a queue is reserved
for jobs that somebody waits for on a page, see `Job.priority`. A job that turns out to take long
moves to separate slots, so that short jobs do not wait for its end.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from dashboard.services.jobs.jobs import stopping

logger = logging.getLogger("likewise.jobs")


@dataclass(eq=False)
class Place:
    """Hold a thread's slot and what it may run there; `has_begun` is set once it has a job."""

    slots: "Slots"
    queue: str
    urgent_only: bool = False
    is_for_long: bool = False
    has_begun: bool = False

    def look(self) -> None:
        """Start the waiting jobs of the queue, as far as slots are free."""
        self.has_begun = True
        self.slots.look(self.queue)

    def step_aside(self) -> bool:
        """Exchange the slot for one for long work; return False if none is free.

        The caller asks for the next job once it may start.
        """
        return self.slots.move(self)


# Takes a queue and the place in which its next job may run.
Work = Callable[[str, Place], None]


class Slots:
    """Run `work` in threads.

    Each queue has at most `size` of them, one more for urgent jobs, and `size` for long ones.
    """

    def __init__(self, queues: Sequence[str], size: int, work: Work) -> None:
        self._work = work
        # One more than the number of jobs: the last slot only takes urgent ones.
        self._free = dict.fromkeys(queues, size + 1)
        self._long: dict[str, list[Place]] = {queue: [] for queue in queues}
        self._most_long = size
        self._asked = dict.fromkeys(queues, 0)
        self._lock = threading.Lock()
        # For each queue: size + 1 jobs, `size` that moved to slots for long work, and as many
        # threads that check for long work at that moment and may find some.
        self._pool = ThreadPoolExecutor(len(self._free) * (3 * size + 1), "job")

    def look(self, queue: str) -> None:
        """Start the waiting jobs of a queue, as far as slots are free; return at once.

        No request is lost: a thread that found nothing checks again if another request arrived
        meanwhile, or if it only checked for urgent jobs and may now take others.
        """
        with self._lock:
            self._asked[queue] += 1
        self._begin_both(queue)

    def _begin_both(self, queue: str) -> None:
        self._begin(queue)
        self._begin(queue, is_for_long=True)

    def _begin(self, queue: str, *, is_for_long: bool = False) -> None:
        place = Place(self, queue, is_for_long=is_for_long)
        with self._lock:
            # Read under the same lock as the slot: `_over` notices any later request.
            if stopping.is_set() or not self._take(place):
                return
            asked = self._asked[queue]
        future = self._pool.submit(self._work, queue, place)
        # Outside the lock: if the work is already over, this calls `_over` in this thread.
        future.add_done_callback(partial(self._over, place, asked))

    def _take(self, place: Place) -> bool:
        """Occupy a slot; return False if none is free."""
        if place.is_for_long:
            is_free = len(self._long[place.queue]) < self._most_long
            if is_free:
                self._long[place.queue].append(place)
            return is_free
        if not self._free[place.queue]:
            return False
        self._free[place.queue] -= 1
        place.urgent_only = not self._free[place.queue]
        return True

    def move(self, place: Place) -> bool:
        """Move a running thread to a slot for long work; return False if none is free.

        Threads that are only checking for long work, mostly without finding any, do not count as
        occupying a slot.
        """
        with self._lock:
            there = self._long[place.queue]
            if place in there or sum(one.has_begun for one in there) >= self._most_long:
                return place in there
            there.append(place)
            self._free[place.queue] += 1
            place.is_for_long, place.urgent_only, place.has_begun = True, False, True
        return True

    def _over(self, place: Place, asked: int, future: Future[None]) -> None:
        queue = place.queue
        with self._lock:
            if place.is_for_long:
                self._long[queue].remove(place)
            else:
                self._free[queue] += 1
            more = place.urgent_only and self._free[queue] > 1
            again = more or asked != self._asked[queue]
        if error := future.exception():
            logger.error("queue=%s event=job-broke-off", queue, exc_info=error)
        if again:
            self._begin_both(queue)
