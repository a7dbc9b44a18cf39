"""Describe a job's progress in words, for `partials/progress.html`."""

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
    """The values of the bar, the numbers below it and the cancel button."""

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
    """Return the progress of a job in words, or None without a job."""
    return shown_progress(job, membership) if job else None


def shown_progress(
    job: Job, membership: Membership | None, waiting: Waiting | None = None
) -> ShownProgress:
    """Return the job's current progress, and what it waits for, in words for this member."""
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
        # Once all items are processed the job still writes or closes: a rate would then only fall.
        rate=rate_words(now.rate if now.handled < job.total else None, kind_of(job).unit),
        time_left=time_left_words(now.time_left),
        can_cancel=is_allowed(role, "jobs.cancel") and not job.cancel_requested,
        waiting=waiting_words(waiting, job.queue) if waiting else "",
        again=waiting.again if waiting else None,
    )


def waiting_words(waiting: Waiting, queue: str) -> str:
    """Return what a job waits for and, if somebody can help, how."""
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
    """Return the rate: `12 images/s`, or per minute if it is low."""
    if rate is None:
        return ""
    if rate >= 2:
        return f"{rate:,.0f} {unit}/s"
    return f"{max(1, round(rate * _MINUTE))} {unit}/min"


def time_left_words(left: timedelta | None) -> str:
    """Return the remaining time, rounded to what can be predicted."""
    if left is None:
        return ""
    seconds = left.total_seconds()
    return "a few seconds left" if seconds < 10 else f"about {duration_words(seconds)} left"


def duration_words(seconds: float) -> str:
    """Return a duration in its two largest units at most: `40 s`, `2 min`, `1 h 5 min`."""
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    hours, rest = divmod(round(seconds / _MINUTE), 60)
    return f"{hours:,} h {rest} min" if rest else f"{hours:,} h"
