"""Queue work: the row first, then the message that wakes a worker."""

import logging
import time
from uuid import UUID

from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.models import User, Workspace
from dashboard.celery import app
from dashboard.models import Job
from dashboard.services.jobs.kinds import job_kinds

logger = logging.getLogger("likewise.jobs")
AWAY = 5.0  # seconds until a broker that failed is tried again


def enqueue(
    *, workspace: Workspace, kind: str, title: str, subject_id: UUID, actor: User | None
) -> Job:
    """Write a job's row and wake a worker once it is committed.

    If the broker refuses or loses the message, the next sweep finds the row.
    """
    known = job_kinds()[kind]
    job = Job.objects.create(
        workspace=workspace,
        kind=kind,
        queue=known.queue,
        priority=known.priority,
        title=title[:255],
        subject_id=subject_id,
        created_by=actor,
    )
    # Row first, message after the commit: a worker that is woken earlier would find no row. A lost
    # message costs only the time to the next sweep.
    transaction.on_commit(lambda: wake(job))
    return job


def wake(job: Job) -> None:
    """Wake a worker of the job's queue; wait for the broker at most once.

    After a failure no message is sent for `AWAY` seconds: the next sweep finds the row, and a
    broker that accepts connections but never answers would delay every request by its timeout.
    """
    if time.monotonic() < Broker.away_until:
        return
    try:
        # No retry: a request must not wait for a broker. The row is safe, the message only saves
        # time.
        app.send_task("dashboard.run_job", args=[str(job.id)], queue=job.queue, retry=False)
    except (OperationalError, OSError) as error:
        Broker.away_until = time.monotonic() + AWAY
        logger.warning("job=%s event=wake-failed error=%s", job.id, error)


class Broker:
    """Until when the broker is left alone, shared by all threads."""

    away_until = 0.0
