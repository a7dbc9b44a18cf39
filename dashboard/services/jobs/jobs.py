"""The life of a job once it is queued: claimed by lease, reported on, ended once.

Every write of a running job is conditional on its owner: a worker that was thought dead and comes
back finds that the row is no longer its own and stops, and its transaction is rolled back.
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

MAKES_WAY = "upload"  # in this queue; work of the others would begin again, or is never short
TURN = 5.0  # seconds: then a job lets those in that wait, and continues beside them
LONGEST_TURN = 30.0  # seconds: then it does so even if it has to stop for that
LOOK_STEP = 1.0  # seconds between two looks at who waits, and how long these have waited
REPORT_STEP = 0.4
GETS_ON = 0.01  # of the whole work: a try that came so much further than the one before it


class JobCancelled(Exception):
    """Somebody cancelled the job; raised at the next step of the work."""


class LeaseLost(Exception):
    """Another worker has the job now; this one must leave it alone."""


class WorkerStopping(Exception):
    """The worker was told to stop; the job goes back to the queue as it stands."""


class MadeWay(Exception):
    """The job takes long and others wait; it goes back to the queue, to the line of its kind."""


class NotYet(Exception):
    """Something else has to end first; the job goes back to the queue and is tried in a while."""


class JobGone(Exception):
    """The work removed the job's own row, as its last deed: there is nothing left to end."""


stopping = threading.Event()


class Place(Protocol):
    """The place of a worker in which a job runs."""

    def step_aside(self) -> bool:
        """Exchange it for one of those for long work; False if none is free."""

    def look(self) -> None:
        """Begin what waits, as far as places are free."""


def claim(job_id: UUID, owner: str) -> Job | None:
    """Take a waiting job for `owner`; None if another was faster or there is nothing to take."""
    now = timezone.now()
    # One UPDATE with the condition: of two workers only one changes a row. No lock is held.
    claimed = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING,
        owner=owner,
        lease_until=now + timedelta(seconds=settings.LIKEWISE_LEASE),
        tries=F("tries") + 1,
        # Of the first try: people wait since then.
        started=Coalesce("started", now),
        not_before=None,
    )
    if not claimed:
        return None
    return Job.objects.select_related("workspace", "created_by").get(pk=job_id)


def claim_next(
    queue: str, owner: str, *, urgent_only: bool = False, long: bool = False
) -> Job | None:
    """Take the job of a queue, or of its `long` ones, whose turn it is; None if there is none."""
    for job in next_in(queue, urgent_only=urgent_only, long=long):
        # The list was read without a lock, so any of it may be taken by now.
        if claimed := _claim_within_share(job, owner):
            return claimed
    return None


@transaction.atomic
def _claim_within_share(job: Job, owner: str) -> Job | None:
    """Claim the job unless its workspace has as many running as it may."""
    # Two workers that claim for one workspace take turns: else neither saw what the other takes.
    rows = Workspace.objects.select_for_update(no_key=True).filter(pk=job.workspace_id)
    if not rows.exists() or has_its_share(job, lane_of(job)):
        return None
    return claim(job.pk, owner)


@transaction.atomic
def _go_aside(job: Job, place: Place) -> bool:
    """Count a running job among those that take long; False if there is no place among these.

    Raises `LeaseLost`.
    """
    # The lock of `_claim_within_share`: who moves to the long lane counts against its limit.
    lock_pks(Workspace.objects.filter(pk=job.workspace_id))
    if has_its_share(job, Lane.LONG) or not place.step_aside():
        return False
    _call_long(job)
    return True


def _others_wait_for(job: Job) -> bool:
    """Say whether another job would begin if this one did not run, and has waited for a while."""
    since = timezone.now() - timedelta(seconds=LOOK_STEP)
    return any(other.created <= since for other in next_in(job.queue, besides=job))


def _call_long(job: Job) -> None:
    if not _owned(job).update(priority=Job.LONG):
        raise LeaseLost
    job.priority = Job.LONG


def renew(job: Job) -> bool:
    """Hold the lease for another term; False if it was lost."""
    until = timezone.now() + timedelta(seconds=settings.LIKEWISE_LEASE)
    return bool(_owned(job).update(lease_until=until))


def _owned(job: Job) -> Any:
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, owner=job.owner)


@dataclass
class Handle:
    """What the work holds while it runs: it reports progress and learns that it should stop.

    Without a `place`, as where nothing else could begin, the work never makes way.
    """

    job: Job
    place: Place | None = None
    _reported: float = 0.0

    def __post_init__(self) -> None:
        self._before = self.job.fraction  # what the try before came to
        self._since = self._looked = time.monotonic()

    def report(self, **fields: Any) -> None:
        """Write `step`, `fraction`, `total`, `done`, `failed`, `skipped` or `message`.

        In a transaction this is the fence: it raises `LeaseLost` before anything is committed.
        """
        if self.job.tries > 1 and fields.get("fraction", 0) >= self._before + GETS_ON:
            # Whatever stopped it, it is not this work: a long job may lose any number of workers.
            fields["tries"] = 1
        # The UPDATE also locks the row until the commit: nobody can take the job between this check
        # and the commit of what was done.
        if not _owned(self.job).update(**fields):
            raise LeaseLost
        for name, value in fields.items():
            setattr(self.job, name, value)
        self._reported = time.monotonic()

    def tick(self, **fields: Any) -> None:
        """Report at most every `REPORT_STEP` seconds, and stop if that was asked for."""
        if time.monotonic() - self._reported >= REPORT_STEP:
            self.report(**fields)
            self.check()

    def check(self) -> None:
        """Raise an error if the work should end here.

        That is `JobCancelled`, `WorkerStopping`, `LeaseLost`, or `MadeWay`.
        """
        if stopping.is_set():
            raise WorkerStopping
        # Read from the database: cancelling happens in another process.
        requested = _owned(self.job).values_list("cancel_requested", flat=True).first()
        if requested is None:
            raise LeaseLost
        if requested:
            raise JobCancelled
        self._make_way()

    def _make_way(self) -> None:
        """Let waiting jobs in, once this work has taken long: continue beside them, if possible.

        Work that continues has lost nothing. What goes back to the queue does so once: it comes
        again among those that take long, and keeps its place there.
        """
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
    """Finish a job that this worker owns; raises `LeaseLost` if it does not."""
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
    """Keep a sentence with a running job."""
    _owned(job).update(message=message)


def release(job: Job, *, wait: timedelta = timedelta(0), forgive: bool = False) -> None:
    """Put a job back into the queue as it stands; `forgive` does not count this try."""
    _owned(job).update(
        state=Job.State.QUEUED,
        owner="",
        lease_until=None,
        # By the database row and not by a sleeping thread: a worker that ends takes no pause along.
        not_before=timezone.now() + wait,
        tries=F("tries") - (1 if forgive else 0),
    )


@transaction.atomic
def request_cancel(*, job: Job) -> bool:
    """Cancel a job: at once if it waits (True), at its next step if it runs (False).

    Raises `AlreadyFinished`.
    """
    now = timezone.now()
    # First the one that waits: if a worker claims it in between, the second UPDATE finds it
    # running.
    waiting = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
    if waiting.update(
        state=Job.State.CANCELLED, cancel_requested=True, finished=now, message="Cancelled."
    ):
        return True
    if not Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(cancel_requested=True):
        raise AlreadyFinished
    return False


def drop(*, subject_ids: Iterable[UUID]) -> None:
    """End the unfinished jobs about things that go away; call it in the transaction that does.

    A worker that runs one loses its lease, so that it cannot finish what is no longer there.
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
    """Cancel what waits in a workspace that goes away and ask what runs to stop; count the latter.

    Its removal itself continues.
    """
    others = Job.objects.in_workspace(workspace).exclude(kind=Job.Kind.CLOSE)
    others.filter(state=Job.State.QUEUED).update(
        state=Job.State.CANCELLED, cancel_requested=True, finished=timezone.now()
    )
    return others.filter(state=Job.State.RUNNING).update(cancel_requested=True)


def take_back_expired() -> int:
    """Put jobs whose worker sends no heartbeat back into the queue; returns how many."""
    now = timezone.now()
    return Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=now).update(
        # The try stays counted: work that kills its worker must not do so for ever.
        state=Job.State.QUEUED,
        owner="",
        lease_until=None,
        not_before=None,
    )


def worn_out() -> list[Job]:
    """Return waiting jobs that were tried as often as a job may be."""
    rows = Job.objects.filter(state=Job.State.QUEUED, tries__gte=Job.MAX_TRIES)
    return list(rows.exclude(kind__in=Job.NEVER_GIVEN_UP).select_related("workspace"))


def give_up(job: Job) -> bool:
    """Fail a waiting job that was tried too often; False if somebody changed it meanwhile."""
    return bool(
        Job.objects.filter(pk=job.pk, state=Job.State.QUEUED, tries__gte=Job.MAX_TRIES).update(
            state=Job.State.FAILED,
            finished=timezone.now(),
            message=f"It stopped unexpectedly {job.tries} times. {job.message}".strip(),
        )
    )


def give_sign(*, name: str, queues: list[str]) -> None:
    """Write a worker's heartbeat; a new worker deletes those that have long had none."""
    now = timezone.now()
    # An UPDATE at nearly every sweep; the INSERT is the first one's.
    if not WorkerSign.objects.filter(name=name).update(queues=queues, seen=now):
        WorkerSign.objects.create(name=name, queues=queues, seen=now)
        WorkerSign.objects.filter(seen__lt=now - timedelta(days=1)).delete()
