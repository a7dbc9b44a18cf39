"""Take a job, keep its lease alive, run it, end it."""

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

ROOM_AGAIN_AFTER = timedelta(seconds=30)  # somebody has to delete first, or to make room
# Times the number of tries: a defect that returns at once does not keep a worker busy.
TRY_AGAIN_AFTER = timedelta(seconds=3)
PATIENT_TRIES = 100  # from then on the pause grows no more: five minutes
AWAY = 1.0  # seconds between two tries to reach the database


def run_next(queue: str, place: Place) -> None:
    """Run the job of a queue whose turn it is, if there is any.

    The next one is asked for as soon as this one is claimed, and once it is over.
    """
    # No request ends in a worker, after which Django would do this: a connection that the server
    # has closed would fail the first query of the next job.
    close_old_connections()
    try:
        job = jobs.claim_next(
            queue, _owner(), urgent_only=place.urgent_only, long=place.is_for_long
        )
        if job is not None:
            # Another thread may look now: this job is claimed, so the next one is not hidden behind
            # it.
            place.look()
            try:
                _hold_and_run(job, place)
            finally:
                place.look()
    finally:
        close_old_connections()


def run_job(job_id: str) -> None:
    """Run one job if it waits, whoever's turn it is."""
    job = jobs.claim(UUID(job_id), _owner())
    if job is not None:
        _hold_and_run(job)


def _owner() -> str:
    # With a random part: a process id returns after a restart, and in a container it is usually 1.
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
    # The job's row went with its workspace: there is nothing to end.
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
    # The last transaction of a job that is done has settled its subject.
    if state == Job.State.DONE:
        tell_outcome(job)
    else:
        end_subject(job)
    logger.info("job=%s event=%s", job.id, state)


def _tidy_after(job: Job) -> None:
    """Bring the subject to rest again if the job was discarded while this worker was at it.

    What it wrote after that nobody would remove. If the work was asked for again it is of that job.
    """
    row = Job.objects.filter(pk=job.pk, state__in=(Job.State.FAILED, Job.State.CANCELLED)).first()
    if row is not None and not is_worked_on(row.subject_id):
        end_subject(row)


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
        # A third: two beats may fail before the lease is over.
        while not self._over.wait(settings.LIKEWISE_LEASE / 3):
            try:
                if not jobs.renew(self.job):
                    break
            except Error as error:  # away for a moment: the next beat may come in time
                logger.warning("job=%s event=beat-failed error=%s", self.job.id, error)
                connection.close()
        # This thread's own connection: nothing else would close it.
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
        # Another worker may have the job by now: nothing is written to its row.
        if issubclass(kind, jobs.LeaseLost):
            logger.warning("job=%s event=lease-lost", self.job.id)
            _tidy_after(self.job)
            return True
        # `forgive`: a worker that is stopped or makes room is no failed try of the job.
        if issubclass(kind, jobs.WorkerStopping | jobs.MadeWay):
            self._put_back(timedelta(0), forgive=True)
            return True
        if issubclass(kind, jobs.NotYet):
            self._put_back(TRY_AGAIN_AFTER, forgive=True)
            return True
        if issubclass(kind, DiskLow):
            self._put_back(ROOM_AGAIN_AFTER, forgive=True, note=f"It waits for disk space. {error}")
            return True
        # A defect or a broken disk: count the try, keep the reason, let the log have the trace.
        self._put_back(
            TRY_AGAIN_AFTER * min(self.job.tries, PATIENT_TRIES),
            note=f"The last error was: {error or kind.__name__}.",
        )
        return False

    def _put_back(self, wait: timedelta, *, forgive: bool = False, note: str = "") -> None:
        """Put the job back, as soon as the database takes it: until then this thread has it.

        That the database was away is no fault of the job, and counts as no try. If the lease runs
        out meanwhile somebody else has it, and nothing is changed.
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
