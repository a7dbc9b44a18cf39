"""Retry what a job left undone."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Job
from dashboard.queries.jobs.retries import broke_off, has_successor, newest_of
from dashboard.services.errors import NothingToRetry, StillUnderWay
from dashboard.services.jobs.kinds import kind_of


def can_retry(job: Job) -> bool:
    """Return whether a retry would do what the job left undone, and nothing twice."""
    may_retry = kind_of(job).may_retry
    return job.is_finished and may_retry is not None and not has_successor(job) and may_retry(job)


def may_retry(jobs: Sequence[Job]) -> set[UUID]:
    """Return the jobs of a list for which a retry is offered, with one query for all.

    Only their rows are read: a subject that was deleted meanwhile is noticed by the retry.
    """
    left = [job for job in jobs if _left_something(job)]
    if not left:
        return set()
    newest = newest_of(left)
    return {job.id for job in left if job.created >= newest[job.subject_id, job.kind]}


def _left_something(job: Job) -> bool:
    kind = kind_of(job)
    if kind.may_retry is None:
        return False
    left_failures = kind.leaves_failures and job.state == Job.State.DONE and job.failed > 0
    return broke_off(job) or left_failures


@transaction.atomic
def retry_job(*, job: Job, actor: User) -> Job:
    """Queue what the job left undone, only that and only once; return the new job.

    Raises `StillUnderWay`, `NothingToRetry`, and the errors of starting the same work.
    """
    # Of two people who retry at once, the second finds the first one's job.
    row = Job.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=job.pk)
    if not row.is_finished:
        raise StillUnderWay
    retry = kind_of(row).retry
    if retry is None or not can_retry(row):
        raise NothingToRetry
    again = retry(row, actor)
    record(
        workspace=row.workspace,
        verb=Verb.RETRIED,
        noun="job",
        target_id=again.id,
        target_name=again.title,
        actor=actor,
    )
    return again
