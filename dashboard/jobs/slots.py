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

from dashboard.services.jobs import stopping

logger = logging.getLogger("likewise.jobs")


@dataclass
class Place:
    """A slot that a thread has, and what it may begin there."""

    slots: "Slots"
    queue: str
    urgent_only: bool = False
    is_for_long: bool = False

    def look(self) -> None:
        """Begin what waits in the queue, as far as slots are free."""
        self.slots.look(self.queue)

    def step_aside(self) -> bool:
        """Exchange it for one of those for long work; False if none is free.

        Whoever does so asks for the next job once that may begin.
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
        self._free = dict.fromkeys(queues, size + 1)
        self._free_for_long = dict.fromkeys(queues, size)
        self._asked = dict.fromkeys(queues, 0)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(len(self._free) * (2 * size + 1), "job")

    def look(self, queue: str) -> None:
        """Begin what waits in a queue, as far as slots are free; return at once.

        Nothing is overlooked: whoever looked in vain looks again if somebody asked meanwhile, or
        if looking for more than what is urgent has become possible.
        """
        with self._lock:
            self._asked[queue] += 1
        self._begin_both(queue)

    def _begin_both(self, queue: str) -> None:
        self._begin(queue)
        self._begin(queue, is_for_long=True)

    def _begin(self, queue: str, *, is_for_long: bool = False) -> None:
        free = self._free_for_long if is_for_long else self._free
        place = Place(self, queue, is_for_long=is_for_long)
        with self._lock:
            if stopping.is_set() or not free[queue]:
                return
            free[queue] -= 1
            place.urgent_only = not is_for_long and not free[queue]
            asked = self._asked[queue]
        future = self._pool.submit(self._work, queue, place)
        future.add_done_callback(partial(self._over, place, asked))

    def move(self, place: Place) -> bool:
        """Move a running thread to a slot for long work; False if none is free."""
        with self._lock:
            if place.is_for_long or not self._free_for_long[place.queue]:
                return place.is_for_long
            self._free_for_long[place.queue] -= 1
            self._free[place.queue] += 1
            place.is_for_long, place.urgent_only = True, False
        return True

    def _over(self, place: Place, asked: int, future: Future[None]) -> None:
        queue = place.queue
        free = self._free_for_long if place.is_for_long else self._free
        with self._lock:
            free[queue] += 1
            again = asked != self._asked[queue] or (place.urgent_only and free[queue] > 1)
        if error := future.exception():
            logger.error("queue=%s event=job-broke-off", queue, exc_info=error)
        if again:
            self._begin_both(queue)
