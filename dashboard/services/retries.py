"""Try again what a job left undone."""

from collections.abc import Callable

from django.db import transaction

from accounts.activity import record
from accounts.models import User
from dashboard.models import Job
from dashboard.queries.extractions import get_extraction
from dashboard.queries.retries import can_retry
from dashboard.queries.transfers import get_transfer
from dashboard.queries.uploads import get_upload
from dashboard.queries.versions import get_version
from dashboard.services.demo import start_demo
from dashboard.services.describing import start_describing
from dashboard.services.errors import NothingToRetry, StillUnderWay
from dashboard.services.extractions import retry_extraction
from dashboard.services.training import start_training
from dashboard.services.transfers import retry_transfer
from dashboard.services.upload_plans import start_plan
from dashboard.services.upload_undo import undo_upload
from dashboard.services.uploads import retry_upload


@transaction.atomic
def retry_job(*, job: Job, actor: User) -> Job:
    """Queue again what the job left undone: only that, and once; returns the new job.

    Raises `StillUnderWay`, `NothingToRetry`, and what starting the same thing anew raises.
    """
    # Of two who press at once the second finds the first one's job.
    row = Job.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=job.pk)
    if not row.is_finished:
        raise StillUnderWay
    if not can_retry(row):
        raise NothingToRetry
    again = _AGAIN[Job.Kind(row.kind)](row, actor)
    record(
        workspace=row.workspace,
        verb="tried again",
        noun="job",
        target_id=again.id,
        target_name=again.title,
        actor=actor,
    )
    return again


def _upload(job: Job, actor: User) -> Job:
    return retry_upload(upload=get_upload(job.workspace, job.subject_id), actor=actor)


def _training(job: Job, actor: User) -> Job:
    """Train the task's next version: what a version saw is never changed."""
    version = get_version(job.workspace, job.subject_id)
    return start_training(task=version.task, actor=actor)[1]


def _demo(job: Job, actor: User) -> Job:
    return start_demo(workspace=job.workspace, actor=actor)


def _describing(job: Job, actor: User) -> Job:
    again = start_describing(workspace=job.workspace, actor=actor)
    if again is None:
        raise NothingToRetry
    return again


def _extraction(job: Job, actor: User) -> Job:
    extraction = get_extraction(job.workspace, job.subject_id)
    return retry_extraction(extraction=extraction, actor=actor)


def _plan(job: Job, actor: User) -> Job:
    return start_plan(upload=get_upload(job.workspace, job.subject_id), actor=actor)


def _undo(job: Job, actor: User) -> Job:
    return undo_upload(upload=get_upload(job.workspace, job.subject_id), actor=actor)


def _transfer(job: Job, actor: User) -> Job:
    transfer = get_transfer(job.workspace, job.subject_id)
    return retry_transfer(transfer=transfer, actor=actor)


_AGAIN: dict[Job.Kind, Callable[[Job, User], Job]] = {
    Job.Kind.UPLOAD: _upload,
    Job.Kind.TRAIN: _training,
    Job.Kind.DEMO: _demo,
    Job.Kind.DESCRIBE: _describing,
    Job.Kind.EXTRACT: _extraction,
    Job.Kind.PLAN: _plan,
    Job.Kind.UNDO: _undo,
    Job.Kind.EXPORT: _transfer,
    Job.Kind.IMPORT: _transfer,
}
