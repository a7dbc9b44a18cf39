"""A worker process: the Celery entry, the slots that run jobs, and the sweep that misses nothing.

A message only says "look at this queue"; Celery's own thread never runs a job. What no message
tells of, because the broker was away or a pause is over, the next sweep of this worker begins.
Slots and sweep start before Celery looks for its broker, and do without it for as long as it takes.
"""

import logging
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from celery import Task
from celery.bootsteps import StartStopStep
from celery.signals import worker_shutting_down
from django.conf import settings
from django.db import close_old_connections

from dashboard.celery import app
from dashboard.files.store import room
from dashboard.jobs.runner import run_next
from dashboard.jobs.slots import Slots
from dashboard.jobs.sweep import give_up_worn_out, tell_webhooks, tidy_if_due
from dashboard.queries.jobs.claim_order import waiting_queues
from dashboard.services.jobs import jobs

logger = logging.getLogger("likewise.jobs")


@cache
def slots() -> Slots:
    """Return the slots of this process."""
    return Slots(settings.LIKEWISE_QUEUES, settings.LIKEWISE_WORKERS, run_next)


@app.task(name="dashboard.run_job", bind=True)
def look(self: "Task[Any, Any]", job_id: str) -> None:
    """Look at the queue that the message came by: the job that it names may not be the next."""
    queue = str((self.request.delivery_info or {})["routing_key"])
    logger.info("job=%s event=woken queue=%s", job_id, queue)
    slots().look(queue)


def sweep_and_look() -> None:
    """Give a sign of life, begin whatever may begin, and tidy only then: it may take long."""
    room.keep_ballast()  # first: on a full disk the rest needs it
    close_old_connections()
    name = f"{socket.gethostname()}:{os.getpid()}"
    # Before the rest, which may take long: pages call a worker without a sign dead.
    jobs.give_sign(name=name, queues=settings.LIKEWISE_QUEUES)
    # Before looking, so that what a dead worker had is found in this very sweep.
    jobs.take_back_expired()
    for queue in waiting_queues(settings.LIKEWISE_QUEUES):
        slots().look(queue)
    give_up_worn_out()
    tell_webhooks()
    tidy_if_due()


def _keep_sweeping() -> None:
    # In a thread of a pool of its own, so that nothing that goes wrong there ends the sweeping.
    with ThreadPoolExecutor(1, "sweep") as pool:
        while True:
            error = pool.submit(sweep_and_look).exception()
            if error is not None:
                logger.warning("event=sweep-failed", exc_info=error)
            if jobs.stopping.wait(settings.LIKEWISE_SWEEP):
                return


class Sweeping(StartStopStep):
    """The slots and the sweep, as a step of Celery's worker.

    Celery takes the step with the consumer last, since that one stays until the end; and it sends
    `worker_ready` only from there, once the broker has answered.
    """

    requires = ("celery.worker.components:Pool",)

    def start(self, _worker: Any) -> None:
        """Start sweeping."""
        slots()  # before two threads ask for them at once
        threading.Thread(target=_keep_sweeping, name="sweeping", daemon=True).start()

    def stop(self, _worker: Any) -> None:
        """Let the jobs go at their next step, also where no signal but an error ends the worker."""
        jobs.stopping.set()


app.steps["worker"].add(Sweeping)


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    jobs.stopping.set()
