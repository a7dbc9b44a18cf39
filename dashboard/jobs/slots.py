"""How many jobs a worker runs at once: each queue has slots of its own.

So a training never takes the place of an upload, whatever else is under way. The last free slot of
a queue is kept for what somebody waits for at a page, see `Job.priority`. What has turned out to
take long moves to slots of its own, so that what is short does not wait for its end.
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
    """A slot that a thread has, and what it may begin there; `has_begun` once it has found it."""

    slots: "Slots"
    queue: str
    urgent_only: bool = False
    is_for_long: bool = False
    has_begun: bool = False

    def look(self) -> None:
        """Begin what waits in the queue, as far as slots are free."""
        self.has_begun = True
        self.slots.look(self.queue)

    def step_aside(self) -> bool:
        """Exchange it for one of those for long work; False if none is free.

        The caller asks for the next job once that may begin.
        """
        return self.slots.move(self)


# Takes a queue and the place in which its next job may begin.
Work = Callable[[str, Place], None]


class Slots:
    """Run `work` in threads.

    For each queue at most `size` of them, one more for the urgent, and `size` for what takes long.
    """

    def __init__(self, queues: Sequence[str], size: int, work: Work) -> None:
        self._work = work
        # One more than jobs: the last one only takes what is urgent.
        self._free = dict.fromkeys(queues, size + 1)
        self._long: dict[str, list[Place]] = {queue: [] for queue in queues}
        self._most_long = size
        self._asked = dict.fromkeys(queues, 0)
        self._lock = threading.Lock()
        # What moves may meet as many that look for long work and find it in the same moment.
        self._pool = ThreadPoolExecutor(len(self._free) * (3 * size + 1), "job")

    def look(self, queue: str) -> None:
        """Begin what waits in a queue, as far as slots are free; return at once.

        Nothing is overlooked: a thread that looked in vain looks again if another asked meanwhile,
        or if looking for more than what is urgent has become possible.
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
            # Under the lock with `asked`: a request that comes after this is noticed in `_over`.
            if stopping.is_set() or not self._take(place):
                return
            asked = self._asked[queue]
        future = self._pool.submit(self._work, queue, place)
        # Outside the lock: if the work is over already, this calls `_over` right here.
        future.add_done_callback(partial(self._over, place, asked))

    def _take(self, place: Place) -> bool:
        """Occupy a slot; False if none is free."""
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
        """Move a running thread to a slot for long work; False if none is free.

        One that only looks for such work, mostly in vain, is in nobody's way.
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
