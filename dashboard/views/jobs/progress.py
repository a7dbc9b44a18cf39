"""A job's progress in words, as `partials/progress.html` shows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.access import is_allowed
from accounts.models import Membership
from accounts.words import counted
from dashboard.models import Job
from dashboard.queries.jobs.jobs import progress_of
from dashboard.queries.jobs.waiting import Waiting
from dashboard.services.jobs.kinds import kind_of

_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True)
class ShownProgress:
    """What the bar, the numbers below it and the button for cancelling need."""

    state: str
    state_label: str
    is_finished: bool
    step: str
    percent: int
    done: int
    total: int
    failed: int
    skipped: int
    rate: str
    time_left: str
    can_cancel: bool
    waiting: str = ""
    again: datetime | None = None


def shown_if_any(job: Job | None, membership: Membership | None) -> ShownProgress | None:
    """Put the progress of a job into words, where there is one."""
    return shown_progress(job, membership) if job else None


def shown_progress(
    job: Job, membership: Membership | None, waiting: Waiting | None = None
) -> ShownProgress:
    """Put the job's progress as of now, and what it waits for, into words for this member."""
    now = progress_of(job)
    role = membership.role if membership is not None else ""
    return ShownProgress(
        state=now.state,
        state_label=now.state_label,
        is_finished=now.is_finished,
        step=job.step,
        percent=now.percent,
        done=now.handled,
        total=job.total,
        failed=job.failed,
        skipped=job.skipped,
        # Once all is handled the job still writes or closes: a rate would then only fall.
        rate=rate_words(now.rate if now.handled < job.total else None, kind_of(job).unit),
        time_left=time_left_words(now.time_left),
        can_cancel=is_allowed(role, "jobs.cancel") and not job.cancel_requested,
        waiting=waiting_words(waiting, job.queue) if waiting else "",
        again=waiting.again if waiting else None,
    )


def waiting_words(waiting: Waiting, queue: str) -> str:
    """Say what a job waits for and, where somebody can do something about it, what."""
    if waiting.unserved and not waiting.workers:
        return "No worker is running. Ask your administrator to start a worker."
    if waiting.unserved:
        return (
            f"No worker serves the queue “{queue}”: ask your administrator to start one. Its "
            "LIKEWISE_QUEUES must name the queue or be empty."
        )
    if waiting.again:
        return "The job was interrupted. It resumes automatically at"
    if waiting.share == 1:
        return (
            "This workspace runs one job at a time. This job starts when the current one finishes."
        )
    if waiting.share:
        return (
            f"This workspace runs at most {waiting.share:,} jobs at a time. This job starts when "
            "one of them finishes."
        )
    if waiting.before:
        jobs = counted(waiting.before, "job is", "jobs are")
        return f"{jobs} ahead of it in the queue."
    return "This job is next in the queue."


def rate_words(rate: float | None, unit: str = "images") -> str:
    """Say how fast it goes: `12 images/s`, or by the minute where that reads better."""
    if rate is None:
        return ""
    if rate >= 2:
        return f"{rate:,.0f} {unit}/s"
    return f"{max(1, round(rate * _MINUTE))} {unit}/min"


def time_left_words(left: timedelta | None) -> str:
    """Say how long the rest takes, no finer than anybody can foresee."""
    if left is None:
        return ""
    seconds = left.total_seconds()
    return "a few seconds left" if seconds < 10 else f"about {duration_words(seconds)} left"


def duration_words(seconds: float) -> str:
    """Say a duration in its two largest units at most: `40 s`, `2 min`, `1 h 5 min`."""
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    hours, rest = divmod(round(seconds / _MINUTE), 60)
    return f"{hours:,} h {rest} min" if rest else f"{hours:,} h"
