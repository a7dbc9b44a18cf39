"""The single Celery entry: take a job, keep its lease alive, run it, end it."""

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from accounts.logs import current_request_id
from dashboard.celery import app
from dashboard.files.errors import FileRefused
from dashboard.jobs.async_requests import describe_records, upload_records
from dashboard.jobs.collections import fill
from dashboard.jobs.demo import draw
from dashboard.jobs.encoders import prepare
from dashboard.jobs.extractions import extract
from dashboard.jobs.features import describe
from dashboard.jobs.training import train
from dashboard.jobs.transfers import export_workspace, import_workspace
from dashboard.jobs.uploads import import_upload
from dashboard.jobs.workspaces import remove
from dashboard.models import Job
from dashboard.services import jobs
from dashboard.services.closing import close_subject
from dashboard.services.errors import Refused

logger = logging.getLogger("likewise.jobs")

KINDS: dict[str, Callable[[jobs.Handle], str]] = {
    Job.Kind.UPLOAD: import_upload,
    Job.Kind.TRAIN: train,
    Job.Kind.DEMO: draw,
    Job.Kind.DESCRIBE: describe,
    Job.Kind.EXTRACT: extract,
    Job.Kind.ENCODER: prepare,
    Job.Kind.ASYNC_DESCRIPTOR: describe_records,
    Job.Kind.ASYNC_UPLOAD: upload_records,
    Job.Kind.CLOSE: remove,
    Job.Kind.FILL: fill,
    Job.Kind.EXPORT: export_workspace,
    Job.Kind.IMPORT: import_workspace,
}
TRY_AGAIN_AFTER = timedelta(seconds=3)
PATIENT_TRIES = 100  # from then on the pause grows no more: five minutes


@app.task(name="dashboard.run_job")
def run_job(job_id: str) -> None:
    """Run a job if it waits; a message about one that does not wait any more does nothing."""
    current_request_id.set(f"job-{job_id}")
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    job = jobs.claim(UUID(job_id), owner)
    if job is None:
        return
    logger.info("job=%s kind=%s try=%d event=started", job.id, job.kind, job.tries)
    with _Lease(job):
        _run(job)


def _run(job: Job) -> None:
    try:
        message = KINDS[job.kind](jobs.Handle(job))
        _end(job, Job.State.DONE, message)
    except jobs.JobGone:
        logger.info("job=%s event=done", job.id)
    except jobs.JobCancelled:
        _end(job, Job.State.CANCELLED, "Cancelled.")
    except (Refused, FileRefused) as refusal:
        _end(job, Job.State.FAILED, str(refusal))


@transaction.atomic
def _end(job: Job, state: str, message: str) -> None:
    """End the job and bring its subject to rest in one transaction."""
    jobs.end(job, state=state, message=message)
    job.message = message
    if state != Job.State.DONE:
        close_subject(job)
    logger.info("job=%s event=%s", job.id, state)


class _Lease:
    """Renew the job's lease in a thread of its own; put the job back if the work breaks off."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> "_Lease":
        self._thread.start()
        return self

    def _beat(self) -> None:
        while not self._over.wait(settings.LIKEWISE_LEASE / 3):
            try:
                if not jobs.renew(self.job):
                    break
            except DatabaseError as error:  # away for a moment: the next beat may come in time
                logger.warning("job=%s event=beat-failed error=%s", self.job.id, error)
                connection.close()
        connection.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._over.set()
        self._thread.join()
        if kind is None:
            return True
        if issubclass(kind, jobs.LeaseLost):
            logger.warning("job=%s event=lease-lost", self.job.id)
            return True
        if issubclass(kind, jobs.WorkerStopping):
            jobs.release(self.job, forgive=True)
            return True
        if issubclass(kind, jobs.NotYet):
            jobs.release(self.job, wait=TRY_AGAIN_AFTER, forgive=True)
            return True
        # A defect or a broken disk: count the try, keep the reason, let Celery log the trace.
        jobs.note(self.job, f"The last error was: {error or kind.__name__}.")
        jobs.release(self.job, wait=TRY_AGAIN_AFTER * min(self.job.tries, PATIENT_TRIES))
        return False
