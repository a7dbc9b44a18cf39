"""A job's progress in words, as `partials/progress.html` shows it."""

from dataclasses import dataclass
from datetime import timedelta

from accounts.access import is_allowed
from accounts.models import Membership
from dashboard.models import Job
from dashboard.queries.jobs import progress_of

_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True)
class ShownProgress:
    """What the bar, the numbers below it and the button for cancelling need."""

    state: str
    state_label: str
    is_finished: bool
    stage: str
    percent: int
    done: int
    total: int
    failed: int
    skipped: int
    rate: str
    time_left: str
    can_cancel: bool


def shown_progress(job: Job, membership: Membership | None) -> ShownProgress:
    """Put the job's progress as of now into words for this member."""
    now = progress_of(job)
    role = membership.role if membership is not None else ""
    return ShownProgress(
        state=now.state,
        state_label=now.state_label,
        is_finished=now.is_finished,
        stage=job.stage,
        percent=now.percent,
        done=now.handled,
        total=job.total,
        failed=job.failed,
        skipped=job.skipped,
        rate=rate_words(now.rate if now.handled < job.total else None),
        time_left=time_left_words(now.time_left),
        can_cancel=is_allowed(role, "jobs.cancel") and not job.cancel_requested,
    )


def rate_words(rate: float | None) -> str:
    """Say how fast it goes: `12 images/s`, or by the minute where that reads better."""
    if rate is None:
        return ""
    if rate >= 2:
        return f"{rate:,.0f} images/s"
    return f"{max(1, round(rate * _MINUTE))} images/min"


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
