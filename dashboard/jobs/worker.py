"""Define the worker process: the Celery task, the slots that run jobs, and the sweep.

A message only says “check this queue”; Celery's own thread never runs a job. Jobs without a
message, because the broker was down or a pause has ended, are started by the next sweep of this
worker. Slots and sweep start before Celery connects to its broker and do not need it.
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
from dashboard.jobs.sweep import (
    give_up_worn_out,
    tell_other_servers,
    tell_webhooks,
    tidy_if_due,
)
from dashboard.queries.jobs.claim_order import waiting_queues
from dashboard.services.jobs import jobs

logger = logging.getLogger("likewise.jobs")


@cache
def slots() -> Slots:
    """Return the slots of this process."""
    return Slots(settings.LIKEWISE_QUEUES, settings.LIKEWISE_WORKERS, run_next)


@app.task(name="dashboard.run_job", bind=True)
def look(self: "Task[Any, Any]", job_id: str) -> None:
    """Check the queue that delivered the message; the job that it names may not be the next one."""
    queue = str((self.request.delivery_info or {})["routing_key"])
    logger.info("job=%s event=woken queue=%s", job_id, queue)
    slots().look(queue)


def sweep_and_look() -> None:
    """Send a heartbeat, start what may start, and only then tidy, which may take long."""
    room.keep_ballast()  # first: on a full disk the rest needs it
    close_old_connections()
    name = f"{socket.gethostname()}:{os.getpid()}"
    # Before the rest, which may take long: pages report a worker without a heartbeat as dead.
    jobs.give_sign(name=name, queues=settings.LIKEWISE_QUEUES)
    # Before checking the queues, so that this very sweep finds the jobs of a dead worker.
    jobs.take_back_expired()
    for queue in waiting_queues(settings.LIKEWISE_QUEUES):
        slots().look(queue)
    give_up_worn_out()
    tell_webhooks()
    tell_other_servers()
    tidy_if_due()


def _keep_sweeping() -> None:
    # In a pool's thread, so that no error there ends the sweeping.
    with ThreadPoolExecutor(1, "sweep") as pool:
        while True:
            error = pool.submit(sweep_and_look).exception()
            if error is not None:
                logger.warning("event=sweep-failed", exc_info=error)
            if jobs.stopping.wait(settings.LIKEWISE_SWEEP):
                return


class Sweeping(StartStopStep):
    """Start the slots and the sweep as a step of Celery's worker.

    Celery starts the consumer last, since it blocks until the end, and sends `worker_ready` only
    from there, once the broker has answered.
    """

    requires = ("celery.worker.components:Pool",)

    def start(self, _worker: Any) -> None:
        """Start sweeping."""
        slots()  # before two threads ask for them at once
        threading.Thread(target=_keep_sweeping, name="sweeping", daemon=True).start()

    def stop(self, _worker: Any) -> None:
        """Stop jobs at their next step, also if an error and not a signal ends the worker."""
        jobs.stopping.set()


app.steps["worker"].add(Sweeping)


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    jobs.stopping.set()
