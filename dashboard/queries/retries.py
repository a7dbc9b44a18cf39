"""What a job left undone, and whether trying again could do it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from dashboard.models import Extraction, Job, Transfer, Upload, UploadPart, Version
from dashboard.queries.receiving import missing_parts
from dashboard.queries.uploads import can_retry_upload

# Jobs that end well and leave things to try again: a dry run's findings are mended in the plan.
_LEAVES_FAILURES = (Job.Kind.UPLOAD,)
_BROKEN_OFF = (Job.State.FAILED, Job.State.CANCELLED)


def can_retry(job: Job) -> bool:
    """Say whether trying again would do what the job left undone, and nothing twice."""
    return (
        job.is_finished
        and not _has_successor(job)
        and _LEFT_UNDONE.get(Job.Kind(job.kind), _never)(job)
    )


def may_retry(jobs: Sequence[Job]) -> set[UUID]:
    """Return of which jobs of a list trying again is on offer, in one query for all.

    It is told by their rows alone: what is gone meanwhile is found out when it is tried.
    """
    left = [job for job in jobs if _left_something(job)]
    if not left:
        return set()
    same = Job.objects.filter(subject_id__in={job.subject_id for job in left})
    newest: dict[tuple[UUID, str], datetime] = {}
    for subject_id, kind, created in same.values_list("subject_id", "kind", "created"):
        key = subject_id, kind
        newest[key] = max(created, newest.get(key, created))
    return {job.id for job in left if job.created >= newest[job.subject_id, job.kind]}


def _left_something(job: Job) -> bool:
    if Job.Kind(job.kind) not in _LEFT_UNDONE:
        return False
    return _broke_off(job) or (
        job.state == Job.State.DONE and job.failed > 0 and job.kind in _LEAVES_FAILURES
    )


def _has_successor(job: Job) -> bool:
    """Say whether there is a newer job of the same kind about the same thing."""
    same = Job.objects.filter(subject_id=job.subject_id, kind=job.kind)
    return same.filter(workspace=job.workspace_id, created__gt=job.created).exists()


def _upload(job: Job) -> bool:
    return can_retry_upload(job.subject_id)


def _plan(job: Job) -> bool:
    """Say whether it waits as it was: one to which more is being sent is looked through after."""
    receiving = Upload.objects.filter(pk=job.subject_id, stage=Upload.Stage.RECEIVING).first()
    return _broke_off(job) and receiving is not None and not missing_parts(receiving).exists()


def _undo(job: Job) -> bool:
    committed = Upload.objects.filter(pk=job.subject_id, stage=Upload.Stage.COMMITTED)
    return _broke_off(job) and committed.exists()


def _training(job: Job) -> bool:
    """Say whether its version came to nothing, and no newer one of the task is there."""
    version = Version.objects.filter(
        pk=job.subject_id, status__in=(Version.Status.ERROR, Version.Status.CANCELLED)
    ).first()
    if version is None:
        return False
    return not Version.objects.filter(task=version.task_id, number__gt=version.number).exists()


def _extraction(job: Job) -> bool:
    """Say whether there is no file yet, and what was sent for it, if so, is still here."""
    unwritten = Extraction.objects.filter(pk=job.subject_id, path="")
    sent = UploadPart.objects.filter(upload=OuterRef("upload")).exclude(path="")
    return _broke_off(job) and unwritten.filter(Q(upload=None) | Exists(sent)).exists()


def _export(job: Job) -> bool:
    return _broke_off(job) and Transfer.objects.filter(pk=job.subject_id, path="").exists()


def _import(job: Job) -> bool:
    """Say whether the archive is still here: what was refused is not looked at again."""
    stored = Transfer.objects.filter(pk=job.subject_id).exclude(upload__parts__path="")
    return _broke_off(job) and stored.filter(upload__parts__isnull=False).exists()


def _broke_off(job: Job) -> bool:
    return job.state in _BROKEN_OFF


def _never(_: Job) -> bool:
    return False


_LEFT_UNDONE: dict[Job.Kind, Callable[[Job], bool]] = {
    Job.Kind.UPLOAD: _upload,
    Job.Kind.TRAIN: _training,
    Job.Kind.DEMO: _broke_off,
    Job.Kind.DESCRIBE: _broke_off,
    Job.Kind.EXTRACT: _extraction,
    Job.Kind.PLAN: _plan,
    Job.Kind.UNDO: _undo,
    Job.Kind.EXPORT: _export,
    Job.Kind.IMPORT: _import,
}
