"""Manage the life of a queued job: claimed by lease, reported on, ended once.

Every write of a running job is conditional on its owner. A worker that lost its lease and comes
back finds that it no longer owns the row: it stops, and its transaction is rolled back.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Workspace
from dashboard.models import Job, WorkerSign
from dashboard.queries.jobs.claim_order import Lane, has_its_share, lane_of, next_in
from dashboard.services.errors import AlreadyFinished
from dashboard.services.row_locks import lock_pks

MAKES_WAY = "upload"  # in this queue; other jobs would start over, or are always short
TURN = 5.0  # seconds: then a job makes way for waiting ones and continues beside them
LONGEST_TURN = 30.0  # seconds: then it makes way even if it has to stop for that
LOOK_STEP = 1.0  # seconds between two checks for waiting jobs, which must have waited as long
REPORT_STEP = 0.4
GETS_ON = 0.01  # of the whole work: the least progress that a try must add to the one before it


class JobCancelled(Exception):
    """The job was cancelled; raised at the next step of the work."""


class LeaseLost(Exception):
    """Another worker owns the job now; this one must stop."""


class WorkerStopping(Exception):
    """The worker was told to stop; the job returns to the queue as it is."""


class MadeWay(Exception):
    """The job takes long and others wait; it returns to the queue, to the lane of long jobs."""


class NotYet(Exception):
    """Something else has to end first; the job returns to the queue and is tried later."""


class JobGone(Exception):
    """The work deleted the job's own row as its last step; there is no job to end."""


stopping = threading.Event()


class Place(Protocol):
    """The slot of a worker in which a job runs."""

    def step_aside(self) -> bool:
        """Exchange the slot for one of those for long work; return False if none is free."""

    def look(self) -> None:
        """Begin waiting jobs, as far as slots are free."""


def claim(job_id: UUID, owner: str) -> Job | None:
    """Claim a queued job for `owner`; None if it is no longer queued."""
    now = timezone.now()
    # One conditional UPDATE: of two workers only one changes the row. No lock is held.
    claimed = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING,
        owner=owner,
        lease_until=now + timedelta(seconds=settings.LIKEWISE_LEASE),
        tries=F("tries") + 1,
        # When the first try started: people have waited since then.
        started=Coalesce("started", now),
        not_before=None,
    )
    if not claimed:
        return None
    return Job.objects.select_related("workspace", "created_by").get(pk=job_id)


def claim_next(
    queue: str, owner: str, *, urgent_only: bool = False, long: bool = False
) -> Job | None:
    """Claim the next job of a queue, or of its `long` ones; None if none can be claimed."""
    for job in next_in(queue, urgent_only=urgent_only, long=long):
        # The list was read without a lock, so any of these jobs may be claimed by now.
        if claimed := _claim_within_share(job, owner):
            return claimed
    return None


@transaction.atomic
def _claim_within_share(job: Job, owner: str) -> Job | None:
    """Claim the job unless its workspace has reached its share of running jobs."""
    # Two workers that claim for one workspace take turns: otherwise neither would see the claim of
    # the other.
    rows = Workspace.objects.select_for_update(no_key=True).filter(pk=job.workspace_id)
    if not rows.exists() or has_its_share(job, lane_of(job)):
        return None
    return claim(job.pk, owner)


@transaction.atomic
def _go_aside(job: Job, place: Place) -> bool:
    """Move a running job to the lane of long jobs; return False if that has no place.

    Raises `LeaseLost`.
    """
    # The lock of `_claim_within_share`: a job that moves to the long lane counts against its limit.
    lock_pks(Workspace.objects.filter(pk=job.workspace_id))
    if has_its_share(job, Lane.LONG) or not place.step_aside():
        return False
    _call_long(job)
    return True


def _others_wait_for(job: Job) -> bool:
    """Return whether another job, waiting for a while, would begin if this one did not run."""
    since = timezone.now() - timedelta(seconds=LOOK_STEP)
    return any(other.created <= since for other in next_in(job.queue, besides=job))


def _call_long(job: Job) -> None:
    if not _owned(job).update(priority=Job.LONG):
        raise LeaseLost
    job.priority = Job.LONG


def renew(job: Job) -> bool:
    """Renew the lease; return False if it was lost."""
    until = timezone.now() + timedelta(seconds=settings.LIKEWISE_LEASE)
    return bool(_owned(job).update(lease_until=until))


def _owned(job: Job) -> Any:
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, owner=job.owner)


@dataclass
class Handle:
    """The work's access to its job: it reports progress and learns that it should stop.

    Without a `place`, where no other job could begin anyway, the work never makes way.
    """

    job: Job
    place: Place | None = None
    _reported: float = 0.0

    def __post_init__(self) -> None:
        self._before = self.job.fraction  # the fraction that earlier tries reached
        self._since = self._looked = time.monotonic()

    def report(self, **fields: Any) -> None:
        """Write `step`, `fraction`, `total`, `done`, `failed`, `skipped` or `message`.

        In a transaction this is the fence: it raises `LeaseLost` before anything is committed.
        """
        if self.job.tries > 1 and fields.get("fraction", 0) >= self._before + GETS_ON:
            # This work progresses, so it did not cause the stop: a long job may lose any number of
            # workers.
            fields["tries"] = 1
        # The UPDATE also locks the row until the commit: no worker can claim the job between this
        # check and the commit of the work.
        if not _owned(self.job).update(**fields):
            raise LeaseLost
        for name, value in fields.items():
            setattr(self.job, name, value)
        self._reported = time.monotonic()

    def tick(self, **fields: Any) -> None:
        """Report at most every `REPORT_STEP` seconds, and check whether the work should stop."""
        if time.monotonic() - self._reported >= REPORT_STEP:
            self.report(**fields)
            self.check()

    def check(self) -> None:
        """Raise an error if the work should end here.

        That is `JobCancelled`, `WorkerStopping`, `LeaseLost`, or `MadeWay`.
        """
        if stopping.is_set():
            raise WorkerStopping
        # Read from the database: a job is cancelled by another process.
        requested = _owned(self.job).values_list("cancel_requested", flat=True).first()
        if requested is None:
            raise LeaseLost
        if requested:
            raise JobCancelled
        self._make_way()

    def _make_way(self) -> None:
        """Make way for waiting jobs once this work has taken long: beside them, if possible."""
        if self.place is None or self.job.queue != MAKES_WAY or lane_of(self.job) == Lane.LONG:
            return
        now = time.monotonic()
        if now < self._since + TURN or now < self._looked + LOOK_STEP:
            return
        self._looked = now
        if not _others_wait_for(self.job):
            return
        if _go_aside(self.job, self.place):
            self.place.look()
        elif now >= self._since + LONGEST_TURN:
            _call_long(self.job)
            raise MadeWay


def end(job: Job, *, state: str, message: str = "", **fields: Any) -> None:
    """End a job that this worker owns. Raises `LeaseLost` if it does not own it."""
    if state == Job.State.DONE:
        fields["fraction"] = 1.0
    changed = _owned(job).update(
        state=state,
        message=message,
        finished=timezone.now(),
        owner="",
        lease_until=None,
        **fields,
    )
    if not changed:
        raise LeaseLost
    job.state = state


def note(job: Job, message: str) -> None:
    """Store a sentence with a running job."""
    _owned(job).update(message=message)


def release(job: Job, *, wait: timedelta = timedelta(0), forgive: bool = False) -> None:
    """Return a job to the queue as it is; `forgive` does not count this try."""
    _owned(job).update(
        state=Job.State.QUEUED,
        owner="",
        lease_until=None,
        # In the row, not by a sleeping thread: a worker that ends does not take the pause with it.
        not_before=timezone.now() + wait,
        tries=F("tries") - (1 if forgive else 0),
    )


@transaction.atomic
def request_cancel(*, job: Job) -> bool:
    """Cancel a job: at once if it is queued (True), at its next step if it runs (False).

    Raises `AlreadyFinished`.
    """
    now = timezone.now()
    # The queued state first: if a worker claims it in between, the second UPDATE finds it running.
    waiting = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
    if waiting.update(
        state=Job.State.CANCELLED, cancel_requested=True, finished=now, message="Cancelled."
    ):
        return True
    if not Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(cancel_requested=True):
        raise AlreadyFinished
    return False


def drop(*, subject_ids: Iterable[UUID]) -> None:
    """End the unfinished jobs of subjects that are deleted, in the transaction that deletes them.

    A worker that runs one loses its lease, so that it cannot finish work on a deleted subject.
    """
    Job.objects.filter(subject_id__in=subject_ids).exclude(state__in=Job.FINISHED).update(
        state=Job.State.CANCELLED,
        cancel_requested=True,
        finished=timezone.now(),
        owner="",
        lease_until=None,
        message="It was deleted.",
    )


def stop_all(*, workspace: Workspace) -> int:
    """Cancel all jobs of a workspace that is deleted; return how many are still running.

    The job that deletes the workspace is not cancelled.
    """
    others = Job.objects.in_workspace(workspace).exclude(kind=Job.Kind.CLOSE)
    others.filter(state=Job.State.QUEUED).update(
        state=Job.State.CANCELLED, cancel_requested=True, finished=timezone.now()
    )
    return others.filter(state=Job.State.RUNNING).update(cancel_requested=True)


def take_back_expired() -> int:
    """Return jobs whose worker sends no heartbeat to the queue; return how many."""
    now = timezone.now()
    return Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=now).update(
        # The try still counts: work that kills its worker must not be retried forever.
        state=Job.State.QUEUED,
        owner="",
        lease_until=None,
        not_before=None,
    )


def worn_out() -> list[Job]:
    """Return queued jobs that have used all their tries."""
    rows = Job.objects.filter(state=Job.State.QUEUED, tries__gte=Job.MAX_TRIES)
    return list(rows.exclude(kind__in=Job.NEVER_GIVEN_UP).select_related("workspace"))


def give_up(job: Job) -> bool:
    """Fail a queued job that has used all its tries; return False if it was changed meanwhile."""
    return bool(
        Job.objects.filter(pk=job.pk, state=Job.State.QUEUED, tries__gte=Job.MAX_TRIES).update(
            state=Job.State.FAILED,
            finished=timezone.now(),
            message=f"It stopped unexpectedly {job.tries} times. {job.message}".strip(),
        )
    )


def give_sign(*, name: str, queues: list[str]) -> None:
    """Record a worker's heartbeat; a new worker deletes those older than a day."""
    now = timezone.now()
    # Nearly always an UPDATE; only the first heartbeat of a worker is an INSERT.
    if not WorkerSign.objects.filter(name=name).update(queues=queues, seen=now):
        WorkerSign.objects.create(name=name, queues=queues, seen=now)
        WorkerSign.objects.filter(seen__lt=now - timedelta(days=1)).delete()
