"""Check rows alone: jobs without a worker, subjects without a job, and counters."""

from collections.abc import Iterator
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from dashboard.models import Encoder, Job, Upload, Version
from dashboard.queries.doctor.doctor import COUNTED, Counted, in_pages, served_queues
from dashboard.services.doctor.round import Finding, Round
from dashboard.services.jobs.jobs import take_back_expired
from dashboard.services.jobs.queueing import wake
from dashboard.services.row_locks import lock_all
from dashboard.services.training.encoders import close_preparing
from dashboard.services.training.training import close_training
from dashboard.services.uploads.plans import close_plan

BROKEN_OFF = "It stopped unexpectedly. Start it again."


def jobs(round_: Round) -> Iterator[Finding]:
    """Find expired jobs that no sweep has queued again, and jobs whose queue no worker serves."""
    silent = Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=round_.before)
    for job in in_pages(silent):
        if round_.mend:
            # The sweep's own function: it checks the lease again under a lock, as this row may be
            # out of date.
            take_back_expired()
            wake(job)
        sentence = (
            "Its worker sends no heartbeat, and no other worker has taken the job. It can be "
            "queued again."
        )
        yield Finding("job", f"{job.pk} {job.title}", sentence, mended=round_.mend)
    waiting = Job.objects.filter(state=Job.State.QUEUED, created__lt=round_.before)
    for job in in_pages(waiting.exclude(queue__in=served_queues())):
        sentence = (
            f"It waits in the queue “{job.queue}”, which no worker serves. Start a worker for it."
        )
        yield Finding("job", f"{job.pk} {job.title}", sentence)


def unfinished_subjects(round_: Round) -> Iterator[Finding]:
    """Find versions, encoders and uploads that wait for a job that does not exist."""
    job = Job.objects.filter(subject_id=OuterRef("pk")).exclude(state__in=Job.FINISHED)
    unfinished = Version.objects.filter(~Exists(job), status__in=Version.UNFINISHED)
    for version in in_pages(unfinished.filter(modified__lt=round_.before).select_related("task")):
        if round_.mend:
            close_training(version_id=version.pk, cancelled=False, message=BROKEN_OFF)
        sentence = "It waits for a training that is not queued, and blocks its task."
        yield Finding("version", f"{version.pk} {version}", sentence, mended=round_.mend)
    preparing = Encoder.objects.filter(~Exists(job), state=Encoder.State.PREPARING)
    for encoder in in_pages(preparing.filter(created__lt=round_.before)):
        if round_.mend:
            close_preparing(encoder_id=encoder.pk, message=BROKEN_OFF)
        sentence = "It waits for a preparation that is not queued."
        yield Finding("encoder", f"{encoder.pk} {encoder}", sentence, mended=round_.mend)
    planning = Upload.objects.filter(~Exists(job), stage=Upload.Stage.PLANNING)
    for upload in in_pages(planning.filter(modified__lt=round_.before)):
        if round_.mend:
            close_plan(upload_id=upload.pk)
        sentence = "It waits for a dry run that is not queued. Finish the upload again."
        yield Finding("upload", f"{upload.pk} {upload}", sentence, mended=round_.mend)


def counters(round_: Round) -> Iterator[Finding]:
    """Find counters that differ from the number of rows.

    They change in the transaction of those rows, so one statement never sees them differ.
    """
    for counted in COUNTED:
        for row in counted.wrong():
            sentences = [
                f"{name} is {getattr(row, name):,}, but there are {right:,} rows."
                for name, right in counted.right(row).items()
            ]
            mended = round_.mend and _recount(counted, row.pk)
            yield Finding(counted.noun, f"{row.pk} {row}", " ".join(sentences), mended=mended)


def _recount(counted: Counted, pk: Any) -> bool:
    """Correct the counters under the lock that every change of them takes.

    Returns False if the rows themselves break a constraint, which only a person can settle.
    """
    rows = counted.model._default_manager.filter(pk=pk)
    try:
        with transaction.atomic():
            for _ in lock_all(rows):
                # Counted again under the lock: the finding was read without one.
                right = counted.right(counted.with_right(rows).get())
                if right:
                    rows.update(**right)
    # For example a group that contains images and groups: `group_holds_one_kind` forbids both.
    except IntegrityError:
        return False
    return True
