"""Read jobs and their progress."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User, Workspace
from accounts.words import percent
from dashboard.models import Job, WorkerSign

# A state to filter by: queued or running.
UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Progress:
    """The progress of a job, for people."""

    job: Job
    now: datetime

    @property
    def percent(self) -> int:
        """Return the done part of the work, 0 to 100; 100 means that all of it is done."""
        if self.job.state == Job.State.DONE:
            return percent(self.handled, self.job.total)
        # 100 only once the job has ended: its last transaction may still fail.
        return min(99, percent(self.job.fraction, 1))

    @property
    def state(self) -> str:
        """Return the state in one word."""
        return self.job.state

    @property
    def state_label(self) -> str:
        """Return the state for people."""
        return self.job.state_words

    @property
    def is_finished(self) -> bool:
        """Return whether polling may stop."""
        return self.job.is_finished

    @property
    def handled(self) -> int:
        """Return the number of processed items, whatever their outcome."""
        return self.job.done + self.job.failed + self.job.skipped

    @property
    def elapsed(self) -> float:
        """Return the seconds since the work began."""
        if self.job.started is None:
            return 0.0
        return max(0.0, ((self.job.finished or self.now) - self.job.started).total_seconds())

    @property
    def rate(self) -> float | None:
        """Return items per second since the start, or None if it is not known."""
        return self.handled / self.elapsed if self.handled and self.elapsed else None

    @property
    def time_left(self) -> timedelta | None:
        """Return the estimated time left at the rate so far, or None."""
        # Below one percent the rate is still that of the start, and the estimate jumps.
        if self.is_finished or not self.elapsed or self.job.fraction < 0.01:
            return None
        left = self.elapsed * (1 - self.job.fraction) / self.job.fraction
        return timedelta(seconds=round(left))


def jobs_in(workspace: Workspace) -> QuerySet[Job]:
    """Return the workspace's jobs with the users who started them."""
    return Job.objects.in_workspace(workspace).select_related("created_by")


def get_job(workspace: Workspace, job_id: UUID) -> Job:
    """Return one job. Raises `Job.DoesNotExist`."""
    return jobs_in(workspace).get(pk=job_id)


def find_jobs(
    workspace: Workspace, state: str = "", kind: str = "", who: User | None = None
) -> QuerySet[Job]:
    """Return the workspace's jobs, optionally in a state, of a kind, or started by a user."""
    rows = jobs_in(workspace)
    if state == UNFINISHED:
        rows = rows.filter(state__in=Job.UNFINISHED)
    elif state:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(kind=kind)
    return rows.filter(created_by=who) if who is not None else rows


def unfinished_jobs(workspace: Workspace) -> QuerySet[Job]:
    """Return the queued and running jobs, oldest first."""
    return jobs_in(workspace).filter(state__in=Job.UNFINISHED).order_by("created", "id")


def progress_of(job: Job) -> Progress:
    """Return the job's progress as of now."""
    return Progress(job, timezone.now())


def job_about(workspace: Workspace, subject_id: UUID) -> Job | None:
    """Return the newest job of a subject, or None."""
    return jobs_in(workspace).filter(subject_id=subject_id).order_by("-created").first()


def jobs_about(workspace: Workspace, subject_ids: Collection[UUID]) -> dict[UUID, Job]:
    """Return the newest job of each subject that has one."""
    rows = jobs_in(workspace).filter(subject_id__in=subject_ids).order_by("created")
    return {job.subject_id: job for job in rows}


def a_worker_is_alive(within: timedelta) -> bool:
    """Return whether any worker has sent a heartbeat within this time."""
    return WorkerSign.objects.filter(seen__gte=timezone.now() - within).exists()
