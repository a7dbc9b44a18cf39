"""Apply the end of a job to its subject."""

from contextlib import suppress

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Job
from dashboard.services.jobs.jobs import request_cancel
from dashboard.services.jobs.kinds import kind_of


def end_subject(job: Job) -> None:
    """Close the job's subject after the job ended in any way but success.

    A subject that was deleted meanwhile needs no closing.
    """
    # The savepoint is inside `suppress`: for a deleted subject, only its closing is rolled back.
    with suppress(ObjectDoesNotExist), transaction.atomic():
        kind_of(job).close(job)


def tell_outcome(job: Job) -> None:
    """Record the change of a job that succeeded. Call it in the transaction that ends the job.

    So it is recorded once, whatever was killed before. Nothing is recorded for a deleted subject.
    """
    with suppress(ObjectDoesNotExist):
        kind_of(job).tell(job)


@transaction.atomic
def cancel_job(*, job: Job, actor: User) -> None:
    """Cancel a queued or running job. Raises `AlreadyFinished`."""
    if request_cancel(job=job):
        job.refresh_from_db()
        end_subject(job)
    record(
        workspace=job.workspace,
        verb=Verb.CANCELLED,
        noun="job",
        target_id=job.id,
        target_name=job.title,
        actor=actor,
    )
