"""Accept asynchronous requests of the API: rows first, then a job; they are answered at once."""

import contextlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.journal import record
from accounts.models import User, Workspace
from accounts.verbs import Verb
from accounts.words import counted
from dashboard.files.errors import FileRefused
from dashboard.files.store import paths, room, storage
from dashboard.models import AsyncRecord, AsyncRequest, Job, Task, Version
from dashboard.queries.requests.async_requests import requests_ended_before
from dashboard.services.errors import AlreadyFinished, NoSuchVersion
from dashboard.services.jobs.dropping import drop_requests
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.requests.async_records import fail
from dashboard.services.training.descriptors import Source
from dashboard.services.training.training import start_training
from dashboard.services.uploads.rollback import removed_on_rollback

Kind = AsyncRequest.Kind
# A request may have 10,000 records; ten at a time keep the sweep and its transactions short.
FORGOTTEN_AT_ONCE = 10


@dataclass(frozen=True)
class SentRecord:
    """A record of a request: the JSON that the answer repeats, its image, and its destination."""

    fields: bytes
    source: Source
    group_id: UUID | None = None
    test_image: bool = False
    meta_data: dict[str, Any] = field(default_factory=dict)


def start_descriptors(
    *, version: Version, records: Iterable[SentRecord], actor: User
) -> AsyncRequest:
    """Store records and queue the computation of their descriptors. Raises `NoSuchVersion`.

    The images are stored before the rows; if the transaction fails, neither is kept.
    """
    request = AsyncRequest(
        workspace=version.workspace,
        kind=Kind.DESCRIPTOR,
        version=version,
        version_number=version.number,
        task_id=version.task_id,
        created_by=actor,
    )
    return _start(request, records)


def start_uploads(
    *, workspace: Workspace, records: Iterable[SentRecord], actor: User
) -> AsyncRequest:
    """Store records and queue the upload of their images."""
    return _start(AsyncRequest(workspace=workspace, kind=Kind.UPLOAD, created_by=actor), records)


@transaction.atomic
def start_train(*, task: Task, actor: User) -> AsyncRequest:
    """Start a training as a request that ends with it. Raises the errors of `start_training`."""
    version, job = start_training(task=task, actor=actor)
    return AsyncRequest.objects.create(
        workspace=task.workspace,
        kind=Kind.TRAIN,
        job=job,
        version=version,
        version_number=version.number,
        task_id=task.id,
        created_by=actor,
    )


def _start(request: AsyncRequest, records: Iterable[SentRecord]) -> AsyncRequest:
    room.refuse_if_low()
    path = paths.async_pictures(request.workspace_id, request.id)
    # Storage has no rollback: if the rows fail, this deletes the file that was written first.
    with removed_on_rollback(partial(storage.delete, path)):
        # One object for all images of a call: 10,000 small ones would be 10,000 writes to a bucket.
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as pictures:
            rows = [_row(request, at, sent, pictures) for at, sent in enumerate(records)]
            if size := pictures.tell():
                pictures.seek(0)
                storage.write_stream(path, pictures, limit=size)
        with transaction.atomic():
            _write(request, rows)
    return request


def _row(request: AsyncRequest, number: int, sent: SentRecord, pictures: IO[bytes]) -> AsyncRecord:
    """Create a record's row, and append its image to the file if its bytes were sent."""
    row = AsyncRecord(
        request=request,
        number=number,
        fields=sent.fields,
        group_id=sent.group_id,
        test_image=sent.test_image,
        meta_data=sent.meta_data,
    )
    if isinstance(sent.source, FileRefused):
        fail(row, sent.source)
    elif isinstance(sent.source, str):
        row.url = sent.source
    else:
        row.offset, row.size = pictures.tell(), pictures.write(sent.source)
    return row


def _write(request: AsyncRequest, rows: list[AsyncRecord]) -> None:
    if request.version is not None:
        _hold(request.version)
    is_upload = request.kind == Kind.UPLOAD
    count = counted(len(rows), "record")
    # The job first, as the request refers to it. Its message is sent after the commit, when request
    # and records can be read.
    request.job = enqueue(
        workspace=request.workspace,
        kind=Job.Kind.ASYNC_UPLOAD if is_upload else Job.Kind.ASYNC_DESCRIPTOR,
        title=f"{request} ({count})",
        subject_id=request.id,
        actor=request.created_by,
    )
    request.save(force_insert=True)
    AsyncRecord.objects.bulk_create(rows, batch_size=500)
    record(
        workspace=request.workspace,
        verb=Verb.SENT,
        noun="request",
        target_id=request.id,
        target_name=str(request),
        count=len(rows),
        actor=request.created_by,
    )


def _hold(version: Version) -> None:
    """Keep the version from being deleted until the request can be ended with it."""
    # A deletion of the version either waits for this commit or has already happened: no job is left
    # without a version.
    if not Version.objects.select_for_update().filter(pk=version.pk).exists():
        raise NoSuchVersion(version.number)


@transaction.atomic
def delete_request(*, request: AsyncRequest, actor: User) -> None:
    """Delete a request with its answer; unfinished work ends, a training is cancelled."""
    if request.kind == Kind.TRAIN:
        with contextlib.suppress(AlreadyFinished):
            cancel_job(job=request.job, actor=actor)
    drop_requests([request])
    record(
        workspace=request.workspace,
        verb=Verb.DELETED,
        noun="request",
        target_id=request.id,
        target_name=str(request),
        actor=actor,
    )
    request.delete()


def forget_old_requests() -> int:
    """Delete some requests that ended more than the configured days ago; return how many."""
    before = timezone.now() - timedelta(days=settings.LIKEWISE_KEEP_REQUESTS)
    # No change is recorded: answers expire by a setting, not by an act of a person.
    rows = list(requests_ended_before(before)[:FORGOTTEN_AT_ONCE])
    for row in rows:
        row.delete()
    return len(rows)
