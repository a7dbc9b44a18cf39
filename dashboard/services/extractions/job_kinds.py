"""Define the kind of job that writes the descriptors of many images into a file."""

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Job
from dashboard.queries.extractions.extractions import get_extraction
from dashboard.queries.jobs import retries
from dashboard.services.extractions.extractions import close_extraction, retry_extraction
from dashboard.services.extractions.runs import run_extraction
from dashboard.services.jobs.kinds import JobKind


def _extract_again(job: Job, actor: User) -> Job:
    extraction = get_extraction(job.workspace, job.subject_id)
    return retry_extraction(extraction=extraction, actor=actor)


def _tell_extraction(job: Job) -> None:
    extraction = get_extraction(job.workspace, job.subject_id)
    record(
        workspace=extraction.workspace,
        verb=Verb.EXTRACTED,
        noun="descriptors",
        target_id=extraction.id,
        target_name=str(extraction),
        count=extraction.count,
        actor=None,
    )


EXTRACT = JobKind(
    kind=Job.Kind.EXTRACT,
    queue="extract",
    run=lambda handle: run_extraction(extraction_id=handle.job.subject_id, handle=handle),
    close=lambda job: close_extraction(extraction_id=job.subject_id),
    tell=_tell_extraction,
    may_retry=retries.can_extract_again,
    retry=_extract_again,
)
