"""What the end of a job means for the thing that it was about."""

from contextlib import suppress

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from accounts.activity import record
from accounts.models import User
from dashboard.models import Job
from dashboard.services.async_records import close_request
from dashboard.services.encoders import close_preparing
from dashboard.services.extractions import close_extraction
from dashboard.services.jobs import request_cancel
from dashboard.services.training import close_training
from dashboard.services.transfers import close_transfer
from dashboard.services.upload_bytes import close_upload
from dashboard.services.upload_plans import close_plan


def close_subject(job: Job) -> None:
    """Bring the job's subject to rest after the job ended in any way but its own success.

    A subject that was deleted meanwhile, with all that belongs to it, is at rest.
    """
    with suppress(ObjectDoesNotExist), transaction.atomic():
        _close(job)


def _close(job: Job) -> None:
    if job.kind == Job.Kind.TRAIN:
        close_training(
            version_id=job.subject_id,
            cancelled=job.state == Job.State.CANCELLED,
            message=job.message,
        )
    elif job.kind == Job.Kind.UPLOAD:
        close_upload(upload_id=job.subject_id)
    elif job.kind == Job.Kind.PLAN:
        close_plan(upload_id=job.subject_id)
    elif job.kind == Job.Kind.ENCODER:
        close_preparing(encoder_id=job.subject_id, message=job.message)
    elif job.kind == Job.Kind.EXTRACT:
        close_extraction(extraction_id=job.subject_id)
    elif job.kind in (Job.Kind.ASYNC_DESCRIPTOR, Job.Kind.ASYNC_UPLOAD):
        close_request(request_id=job.subject_id)
    elif job.kind in (Job.Kind.EXPORT, Job.Kind.IMPORT):
        close_transfer(transfer_id=job.subject_id)


@transaction.atomic
def cancel_job(*, job: Job, actor: User) -> None:
    """Cancel a job that waits or runs; raises `AlreadyFinished`."""
    if request_cancel(job=job):
        job.refresh_from_db()
        close_subject(job)
    record(
        workspace=job.workspace,
        verb="cancelled",
        noun="job",
        target_id=job.id,
        target_name=job.title,
        actor=actor,
    )
