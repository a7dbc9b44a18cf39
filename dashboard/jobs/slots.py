"""How many jobs a worker runs at once: each queue has slots of its own.

So a training never takes the place of an upload, whatever else is under way. The last free slot of
a queue is kept for what somebody waits for at a page, see `Job.priority`.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from dashboard.services.jobs import stopping

logger = logging.getLogger("likewise.jobs")

# Takes a queue, whether only what is urgent may begin, and how to ask for the next job.
Work = Callable[[str, bool, Callable[[], None]], None]


class Slots:
    """Run `work` in threads, for each queue at most `size` of them and one more for the urgent."""

    def __init__(self, queues: Sequence[str], size: int, work: Work) -> None:
        self._work = work
        self._free = dict.fromkeys(queues, size + 1)
        self._asked = dict.fromkeys(queues, 0)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(len(self._free) * (size + 1), "job")

    def look(self, queue: str) -> None:
        """Begin what waits in a queue, as far as slots are free; return at once.

        Nothing is overlooked: whoever looked in vain looks again if somebody asked meanwhile, or
        if looking for more than what is urgent has become possible.
        """
        with self._lock:
            self._asked[queue] += 1
        self._begin(queue)

    def _begin(self, queue: str) -> None:
        with self._lock:
            if stopping.is_set() or not self._free[queue]:
                return
            self._free[queue] -= 1
            urgent_only, asked = not self._free[queue], self._asked[queue]
        future = self._pool.submit(self._work, queue, urgent_only, partial(self.look, queue))
        future.add_done_callback(partial(self._over, queue, asked, urgent_only))

    def _over(self, queue: str, asked: int, urgent_only: bool, future: Future[None]) -> None:  # noqa: FBT001
        with self._lock:
            self._free[queue] += 1
            again = asked != self._asked[queue] or (urgent_only and self._free[queue] > 1)
        if error := future.exception():
            logger.error("queue=%s event=job-broke-off", queue, exc_info=error)
        if again:
            self._begin(queue)
