"""Prepare jobs for pages: progress, what they wait for, links, and actions."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.http import WorkspaceRequest
from accounts.models import Membership
from dashboard.models import Job
from dashboard.queries.jobs.jobs import progress_of
from dashboard.queries.jobs.waiting import what_they_wait_for
from dashboard.services.jobs.retries import can_retry, may_retry
from dashboard.views.jobs.job_subjects import NOWHERE, Subject, job_subjects
from dashboard.views.jobs.progress import ShownProgress, duration_words, shown_progress
from dashboard.views.rendering import may

_TRANSFERS = (Job.Kind.EXPORT, Job.Kind.IMPORT)


@dataclass(frozen=True)
class JobRow:
    """A job with its progress, its duration in words, and its links."""

    job: Job
    progress: ShownProgress
    took: str
    subject: Subject = NOWHERE
    retry: str = ""


def job_row(job: Job, membership: Membership | None) -> JobRow:
    """Prepare a job of which only the progress is shown."""
    return JobRow(job, shown_progress(job, membership), _took(job))


def job_rows(request: WorkspaceRequest, jobs: Sequence[Job]) -> list[JobRow]:
    """Prepare the jobs of a list, with a constant number of queries."""
    closed = () if may(request, "workspace.transfer") else _TRANSFERS
    subjects = job_subjects(request.workspace, jobs, closed)
    waiting = what_they_wait_for(jobs)
    # From rows alone, in one query; the retry itself finds out whether files still exist.
    retriable = may_retry([job for job in jobs if may(request, retry_action(job))])
    return [
        JobRow(
            job,
            shown_progress(job, request.membership, waiting.get(job.id)),
            _took(job),
            subjects[job.id],
            _retry_words(job) if job.id in retriable else "",
        )
        for job in jobs
    ]


def retry_label(request: WorkspaceRequest, shown: Job) -> str:
    """Return the label of the retry button; an empty string if there is none."""
    return _retry_words(shown) if may(request, retry_action(shown)) and can_retry(shown) else ""


def retry_action(job: Job) -> str:
    """Return the permission to retry a job, which is that to start it."""
    return "workspace.transfer" if job.kind in _TRANSFERS else "jobs.retry"


def _retry_words(job: Job) -> str:
    return "Retry failed" if job.state == Job.State.DONE else "Retry"


def _took(job: Job) -> str:
    elapsed = progress_of(job).elapsed
    return duration_words(elapsed) if elapsed else ""
