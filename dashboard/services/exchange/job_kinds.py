"""Define the kinds of jobs that export a workspace into an archive and import one."""

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Job
from dashboard.queries.exchange.transfers import get_transfer
from dashboard.queries.jobs import retries
from dashboard.services.exchange.exporting import run_export
from dashboard.services.exchange.importing import run_import
from dashboard.services.exchange.transfers import close_transfer, retry_transfer
from dashboard.services.jobs.kinds import JobKind


def _transfer_again(job: Job, actor: User) -> Job:
    return retry_transfer(transfer=get_transfer(job.workspace, job.subject_id), actor=actor)


def _tell_export(job: Job) -> None:
    transfer = get_transfer(job.workspace, job.subject_id)
    record(
        workspace=transfer.workspace,
        verb=Verb.EXPORTED,
        noun="workspace",
        target_id=transfer.id,
        target_name=transfer.workspace.name,
        actor=None,
    )


EXPORT = JobKind(
    kind=Job.Kind.EXPORT,
    queue="extract",
    run=lambda handle: run_export(transfer_id=handle.job.subject_id, handle=handle),
    close=lambda job: close_transfer(transfer_id=job.subject_id),
    tell=_tell_export,
    may_retry=retries.can_export_again,
    retry=_transfer_again,
    unit="rows",
)
IMPORT = JobKind(
    kind=Job.Kind.IMPORT,
    queue="upload",
    run=lambda handle: run_import(transfer_id=handle.job.subject_id, handle=handle),
    close=lambda job: close_transfer(transfer_id=job.subject_id),
    may_retry=retries.can_import_again,
    retry=_transfer_again,
    unit="rows",
)
