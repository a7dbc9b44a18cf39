"""Define the kinds of jobs of uploads (dry run, import, undo) and of the demo."""

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Job
from dashboard.queries.jobs import retries
from dashboard.queries.uploads.uploads import get_upload
from dashboard.services.jobs.kinds import JobKind
from dashboard.services.uploads.bytes import close_upload
from dashboard.services.uploads.demo import run_demo, start_demo
from dashboard.services.uploads.plans import close_plan, run_plan, start_plan
from dashboard.services.uploads.undo import run_undo, undo_upload
from dashboard.services.uploads.uploads import retry_upload, run_upload


def _upload_again(job: Job, actor: User) -> Job:
    return retry_upload(upload=get_upload(job.workspace, job.subject_id), actor=actor)


def _plan_again(job: Job, actor: User) -> Job:
    return start_plan(upload=get_upload(job.workspace, job.subject_id), actor=actor)


def _undo_again(job: Job, actor: User) -> Job:
    return undo_upload(upload=get_upload(job.workspace, job.subject_id), actor=actor)


def _tell_upload(job: Job) -> None:
    upload = get_upload(job.workspace, job.subject_id)
    record(
        workspace=upload.workspace,
        verb=Verb.IMPORTED,
        noun="files",
        target_id=upload.id,
        target_name=upload.name,
        count=job.done,
        actor=None,
    )


UPLOAD = JobKind(
    kind=Job.Kind.UPLOAD,
    queue="upload",
    run=lambda handle: run_upload(upload_id=handle.job.subject_id, handle=handle),
    close=lambda job: close_upload(upload_id=job.subject_id),
    tell=_tell_upload,
    may_retry=retries.can_upload_again,
    retry=_upload_again,
    leaves_failures=True,
)
# Errors that a dry run finds are fixed in the plan; a retry would find the same.
PLAN = JobKind(
    kind=Job.Kind.PLAN,
    queue="upload",
    run=lambda handle: run_plan(upload_id=handle.job.subject_id, handle=handle),
    close=lambda job: close_plan(upload_id=job.subject_id),
    may_retry=retries.can_plan_again,
    retry=_plan_again,
    priority=10,
    unit="files",
)
UNDO = JobKind(
    kind=Job.Kind.UNDO,
    queue="upload",
    run=lambda handle: run_undo(upload_id=handle.job.subject_id, handle=handle),
    may_retry=retries.can_undo_again,
    retry=_undo_again,
    priority=10,
    unit="files",
)
DEMO = JobKind(
    kind=Job.Kind.DEMO,
    queue="upload",
    run=lambda handle: run_demo(workspace=handle.job.workspace, handle=handle),
    may_retry=retries.broke_off,
    retry=lambda job, actor: start_demo(workspace=job.workspace, actor=actor),
)
