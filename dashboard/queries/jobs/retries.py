"""Check whether a retry could do what a job left undone, for each kind."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from dashboard.models import Extraction, Job, Transfer, Upload, UploadPart, Version
from dashboard.queries.uploads.receiving import missing_parts
from dashboard.queries.uploads.uploads import can_retry_upload

_BROKEN_OFF = (Job.State.FAILED, Job.State.CANCELLED)


def newest_of(jobs: Sequence[Job]) -> dict[tuple[UUID, str], datetime]:
    """Return when the newest job of each subject and kind was created, in one query."""
    same = Job.objects.filter(subject_id__in={job.subject_id for job in jobs})
    newest: dict[tuple[UUID, str], datetime] = {}
    for subject_id, kind, created in same.values_list("subject_id", "kind", "created"):
        key = subject_id, kind
        # Only the newest job of a subject may be retried: an older one would do its work twice.
        newest[key] = max(created, newest.get(key, created))
    return newest


def has_successor(job: Job) -> bool:
    """Return whether a newer job of the same kind and subject exists."""
    same = Job.objects.filter(subject_id=job.subject_id, kind=job.kind)
    return same.filter(workspace=job.workspace_id, created__gt=job.created).exists()


def can_upload_again(job: Job) -> bool:
    """Return whether files of the upload were not imported and still could be."""
    return can_retry_upload(job.subject_id)


def can_plan_again(job: Job) -> bool:
    """Return whether the upload is complete; an incomplete one is checked when it is finished."""
    receiving = Upload.objects.filter(pk=job.subject_id, stage=Upload.Stage.RECEIVING).first()
    return broke_off(job) and receiving is not None and not missing_parts(receiving).exists()


def can_undo_again(job: Job) -> bool:
    """Return whether the upload is still imported and can be undone."""
    committed = Upload.objects.filter(pk=job.subject_id, stage=Upload.Stage.COMMITTED)
    return broke_off(job) and committed.exists()


def can_train_again(job: Job) -> bool:
    """Return whether the version was not trained and the task has no newer one."""
    version = Version.objects.filter(
        pk=job.subject_id, status__in=(Version.Status.ERROR, Version.Status.CANCELLED)
    ).first()
    if version is None:
        return False
    # A retry makes a new version, so an old failure beside a newer version has nothing to add.
    return not Version.objects.filter(task=version.task_id, number__gt=version.number).exists()


def can_extract_again(job: Job) -> bool:
    """Return whether no file is written and the uploaded images, if any, are still stored."""
    # An empty path: the file is stored before its row names it.
    unwritten = Extraction.objects.filter(pk=job.subject_id, path="")
    sent = UploadPart.objects.filter(upload=OuterRef("upload")).exclude(path="")
    return broke_off(job) and unwritten.filter(Q(upload=None) | Exists(sent)).exists()


def can_export_again(job: Job) -> bool:
    """Return whether no archive is written."""
    return broke_off(job) and Transfer.objects.filter(pk=job.subject_id, path="").exists()


def can_import_again(job: Job) -> bool:
    """Return whether the archive is still stored; a refused one is not."""
    # A refused archive is deleted at once, so this also excludes a second refusal.
    stored = Transfer.objects.filter(pk=job.subject_id).exclude(upload__parts__path="")
    return broke_off(job) and stored.filter(upload__parts__isnull=False).exists()


def broke_off(job: Job) -> bool:
    """Return whether the job ended before its work was done."""
    return job.state in _BROKEN_OFF
