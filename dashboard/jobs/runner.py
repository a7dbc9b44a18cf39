"""Claim a job, renew its lease, run it and end it."""

import logging
import os
import socket
import threading
import uuid
from datetime import timedelta
from types import TracebackType
from uuid import UUID

from django.conf import settings
from django.db import (
    Error,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)

from accounts.logs import current_request_id
from dashboard.files.errors import DiskLow, FileRefused
from dashboard.jobs.slots import Place
from dashboard.models import Job
from dashboard.queries.doctor.doctor import is_worked_on
from dashboard.services.errors import Refused
from dashboard.services.jobs import jobs
from dashboard.services.jobs.kinds import kind_of
from dashboard.services.jobs.subject_end import end_subject, tell_outcome

logger = logging.getLogger("likewise.jobs")

ROOM_AGAIN_AFTER = timedelta(seconds=30)  # somebody has to delete something or add storage first
# Multiplied by the number of tries: a defect that fails at once does not keep a worker busy.
TRY_AGAIN_AFTER = timedelta(seconds=3)
PATIENT_TRIES = 100  # the pause stops growing here, at five minutes
AWAY = 1.0  # seconds between two attempts to reach the database


def run_next(queue: str, place: Place) -> None:
    """Run the next job of a queue, if there is one.

    Another thread may claim the following job as soon as this one is claimed, and again when it is
    over.
    """
    # Django does this at the end of a request, and a worker has none: a connection that the server
    # has closed would fail the first query of the next job.
    close_old_connections()
    try:
        job = jobs.claim_next(
            queue, _owner(), urgent_only=place.urgent_only, long=place.is_for_long
        )
        if job is not None:
            # This job is claimed, so it no longer hides the next one from another thread.
            place.look()
            try:
                _hold_and_run(job, place)
            finally:
                place.look()
    finally:
        close_old_connections()


def run_job(job_id: str) -> None:
    """Run one job if it is waiting, regardless of the order of the queue."""
    job = jobs.claim(UUID(job_id), _owner())
    if job is not None:
        _hold_and_run(job)


def _owner() -> str:
    # The random part is needed because a process id returns after a restart, and in a container it
    # is usually 1.
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def _hold_and_run(job: Job, place: Place | None = None) -> None:
    current_request_id.set(f"job-{job.id}")
    logger.info("job=%s kind=%s try=%d event=started", job.id, job.kind, job.tries)
    with _Lease(job):
        _run(jobs.Handle(job, place))


def _run(handle: jobs.Handle) -> None:
    job = handle.job
    try:
        message = kind_of(job).run(handle)
        _end(job, Job.State.DONE, message)
    # The job's row was deleted with its workspace: there is nothing to end.
    except jobs.JobGone:
        logger.info("job=%s event=done", job.id)
    except jobs.JobCancelled:
        _end(job, Job.State.CANCELLED, "Cancelled.")
    except (Refused, FileRefused) as refusal:
        _end(job, Job.State.FAILED, str(refusal))


@transaction.atomic
def _end(job: Job, state: str, message: str) -> None:
    """End the job and its subject in one transaction."""
    jobs.end(job, state=state, message=message)
    job.message = message
    # For a finished job, its last transaction has already settled the subject.
    if state == Job.State.DONE:
        tell_outcome(job)
    else:
        end_subject(job)
    logger.info("job=%s event=%s", job.id, state)


def _tidy_after(job: Job) -> None:
    """End the subject again if the job was discarded while this worker ran it.

    Nobody else would remove what the worker wrote after the discard. If the work has been requested
    again, that belongs to the new job and is left alone.
    """
    row = Job.objects.filter(pk=job.pk, state__in=(Job.State.FAILED, Job.State.CANCELLED)).first()
    if row is not None and not is_worked_on(row.subject_id):
        end_subject(row)


class _Lease:
    """Renew a job's lease in a separate thread; release the job if the work aborts."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> "_Lease":
        self._thread.start()
        return self

    def _beat(self) -> None:
        # A third of the lease: two heartbeats may fail before it expires.
        while not self._over.wait(settings.LIKEWISE_LEASE / 3):
            try:
                if not jobs.renew(self.job):
                    break
            except Error as error:  # a brief outage: the next heartbeat may be in time
                logger.warning("job=%s event=beat-failed error=%s", self.job.id, error)
                connection.close()
        # The connection belongs to this thread: nothing else would close it.
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
        # Another worker may hold the job by now: its row is not written.
        if issubclass(kind, jobs.LeaseLost):
            logger.warning("job=%s event=lease-lost", self.job.id)
            _tidy_after(self.job)
            return True
        # `forgive`: a worker that stops or makes way does not count as a failed try of the job.
        if issubclass(kind, jobs.WorkerStopping | jobs.MadeWay):
            self._put_back(timedelta(0), forgive=True)
            return True
        if issubclass(kind, jobs.NotYet):
            self._put_back(TRY_AGAIN_AFTER, forgive=True)
            return True
        if issubclass(kind, DiskLow):
            self._put_back(ROOM_AGAIN_AFTER, forgive=True, note=f"It waits for disk space. {error}")
            return True
        # A defect or a broken disk: count the try, store the reason and log the traceback.
        self._put_back(
            TRY_AGAIN_AFTER * min(self.job.tries, PATIENT_TRIES),
            note=f"The last error was: {error or kind.__name__}.",
        )
        return False

    def _put_back(self, wait: timedelta, *, forgive: bool = False, note: str = "") -> None:
        """Return the job to its queue, retrying until the database accepts it.

        An unreachable database is not the job's fault and does not count as a try. If the lease
        expires meanwhile, another worker may hold the job and nothing is changed.
        """
        while True:
            try:
                if note:
                    jobs.note(self.job, note)
                jobs.release(self.job, wait=wait, forgive=forgive)
            except (OperationalError, InterfaceError) as error:
                logger.warning("job=%s event=put-back-failed error=%s", self.job.id, error)
                forgive, note = True, ""
                connection.close()
                if jobs.stopping.wait(AWAY):
                    return
            else:
                return
