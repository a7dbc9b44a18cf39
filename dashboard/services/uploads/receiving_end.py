"""Finish an upload: start the work that its files were uploaded for."""

from django.db import transaction
from django.utils import timezone

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Extraction, Job, Transfer, Upload
from dashboard.queries.uploads.receiving import missing_parts
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.uploads.errors import NothingToUpload, NotReceiving, NotWhole
from dashboard.services.uploads.plans import start_plan
from dashboard.services.uploads.receiving import withdraw_missing
from dashboard.services.uploads.uploads import commit_unasked

_HANDED_ON = (Upload.Stage.PLANNING, Upload.Stage.PLANNED, Upload.Stage.COMMITTED)


def finish_upload(*, upload: Upload, leave_out: bool = False, actor: User) -> None:
    """Finish an upload once; incomplete files may be skipped.

    A client that got no answer may call it again: a finished upload is not changed. Raises
    `NotReceiving`, `NothingToUpload` and `NotWhole`; then it stays open.
    """
    # In a transaction of its own: the removed files stay removed, even if finishing is refused.
    if leave_out:
        withdraw_missing(upload=upload, actor=actor)
    with transaction.atomic():
        row = Upload.objects.select_for_update().get(pk=upload.pk)
        if row.stage not in _HANDED_ON:
            finish_receiving(upload=row, actor=actor)


@transaction.atomic
def finish_receiving(*, upload: Upload, actor: User) -> Job:
    """Start the dry run, the import, or the job of the upload's purpose.

    Raises `NotReceiving`, `NothingToUpload` and `NotWhole`; then the upload stays open.
    """
    row = Upload.objects.select_for_update().get(pk=upload.pk)
    if row.stage != Upload.Stage.RECEIVING:
        raise NotReceiving(row)
    if missing := missing_parts(row).count():
        raise NotWhole(missing)
    count = row.parts.count()
    if not count:
        raise NothingToUpload
    if row.purpose == Upload.Purpose.IMAGES:
        # No change is recorded: the workspace is not changed until the import, which records its
        # own.
        begin = commit_unasked if row.auto_commit else start_plan
        return begin(upload=row, actor=actor)
    record(
        workspace=row.workspace,
        verb=Verb.UPLOADED,
        noun="files",
        target_id=row.id,
        target_name=row.name,
        count=count,
        actor=actor,
    )
    return _hand_on(row, actor)


def _hand_on(upload: Upload, actor: User) -> Job:
    if upload.purpose == Upload.Purpose.DESCRIBE:
        extraction = Extraction.objects.get(upload=upload)
        return _enqueue(upload, Job.Kind.EXTRACT, f"Extraction of {upload}", extraction, actor)
    transfer = Transfer.objects.get(upload=upload)
    return _enqueue(upload, Job.Kind.IMPORT, f"Import of {upload}", transfer, actor)


def _enqueue(
    upload: Upload, kind: str, title: str, subject: Extraction | Transfer, actor: User
) -> Job:
    # With the job's row: a repeated request finds the stage, and queues no second job.
    upload.stage, upload.committed = Upload.Stage.COMMITTED, timezone.now()
    upload.save(update_fields=["stage", "committed", "modified"])
    return enqueue(
        workspace=upload.workspace, kind=kind, title=title, subject_id=subject.id, actor=actor
    )
