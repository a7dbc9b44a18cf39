"""What the end of a job means for the thing that it was about."""

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
    """Bring the job's subject to rest after the job ended in any way but its own success.

    A subject that was deleted meanwhile, with all that belongs to it, is at rest.
    """
    # A savepoint inside of `suppress`: a subject that is gone undoes only what its closing began.
    with suppress(ObjectDoesNotExist), transaction.atomic():
        kind_of(job).close(job)


def tell_outcome(job: Job) -> None:
    """Write the change of a job that ended well; call it in the transaction that ends it.

    So it is told once, whatever was killed before. Of a subject that is gone nothing is told.
    """
    with suppress(ObjectDoesNotExist):
        kind_of(job).tell(job)


@transaction.atomic
def cancel_job(*, job: Job, actor: User) -> None:
    """Cancel a job that waits or runs; raises `AlreadyFinished`."""
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
