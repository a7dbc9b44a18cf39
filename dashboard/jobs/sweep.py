"""The sweep: what a broker loses or a dead worker leaves behind is found here and sent again."""

import logging
import os
import socket
import threading
import time
from typing import Any

from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from dashboard.models import Job
from dashboard.services import jobs
from dashboard.services.async_requests import forget_old_requests
from dashboard.services.closing import close_subject
from dashboard.services.doctor_temporary import remove_temporary
from dashboard.services.uploads import forget_uploads

logger = logging.getLogger("likewise.jobs")
TIDY_EVERY = 3600  # seconds: it lists what is unfinished in the storage


def sweep_once() -> None:
    """Take back what dead workers held, give up what was tried too often, wake for the rest.

    Also remove what nobody tried again in time.
    """
    jobs.take_back_expired()
    for job in jobs.worn_out():
        _give_up(job)
    jobs.wake_overdue()
    forget_old_requests()
    forget_uploads()


@transaction.atomic
def _give_up(job: Job) -> None:
    if jobs.give_up(job):
        job.refresh_from_db()
        close_subject(job)
        logger.error("job=%s event=given-up tries=%d", job.id, job.tries)


def _keep_sweeping() -> None:
    name = f"{socket.gethostname()}:{os.getpid()}"
    tidied = float("-inf")
    while True:
        try:
            jobs.give_sign(name=name, queues=settings.LIKEWISE_QUEUES)
            sweep_once()
            if time.monotonic() - tidied >= TIDY_EVERY:
                tidied = time.monotonic()
                remove_temporary()
        # Away or full for a moment: the sweep must not end, or nobody would take lost jobs up.
        except (DatabaseError, OSError) as error:
            logger.warning("event=sweep-failed error=%s", error)
            connection.close()
        if jobs.stopping.wait(settings.LIKEWISE_SWEEP):
            break
    connection.close()


@worker_ready.connect
def _start(**_: Any) -> None:
    threading.Thread(target=_keep_sweeping, name="sweep", daemon=True).start()


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    jobs.stopping.set()
