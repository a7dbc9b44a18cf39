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
    """Write a job's row and, once it is committed, wake a worker.

    If the broker does not take the message, or loses it, the next sweep finds the row.
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
    # Row first, message after the commit: a worker that is woken earlier would find no row. A
    # message that is lost costs only the time to the next sweep.
    transaction.on_commit(lambda: wake(job))
    return job


def wake(job: Job) -> None:
    """Tell a worker of the job's queue to look at the queue; waits for a broker once at most.

    After a failure no message is tried for a while: the next sweep finds the row, and a broker
    that takes connections and never answers would hold every request for its time-out.
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
    """Until when the broker is left alone: one thing for all threads."""

    away_until = 0.0
