"""Take files in: store the bytes, write a row for every file, then let a job work the rows off.

Whatever happens in between, running the job again goes on where it stopped: an archive is listed
once, and each file's row says what became of it.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import IO
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.activity import record
from accounts.models import User, Workspace
from dashboard.files import archives, paths, storage
from dashboard.files.errors import FileRefused
from dashboard.models import (
    Job,
    SimilarityType,
    Task,
    Upload,
    UploadChunk,
    UploadFile,
    UploadPart,
)
from dashboard.queries.receiving import open_part
from dashboard.queries.uploads import counts, expired_parts, stored_parts, unfinished_parts
from dashboard.queries.versions import versions_of
from dashboard.services import jobs
from dashboard.services.errors import NothingToRetry, NothingToUpload, Refused
from dashboard.services.features import start_describing
from dashboard.services.receiving import forget_parts
from dashboard.services.similarity_types import find_or_create_type
from dashboard.services.training import start_training
from dashboard.services.upload_batches import Importer

LISTED_AT_ONCE = 500
Stored = tuple[UploadPart, UploadChunk]
KEPT = timedelta(days=1)  # what was sent and did not come in


@dataclass(frozen=True)
class SentFile:
    """A file as it came: what it was called, how large it is, and its bytes."""

    name: str
    size: int
    stream: IO[bytes]
    similarity_type: SimilarityType | None = None

    @property
    def is_archive(self) -> bool:
        """Say whether to look for pictures inside: a ZIP begins with `PK`."""
        head = self.stream.read(4)
        self.stream.seek(0)
        return head in (b"PK\x03\x04", b"PK\x05\x06")


def start_upload(
    *,
    workspace: Workspace,
    files: Sequence[SentFile],
    similarity_type: SimilarityType | None,
    then_train: Task | None = None,
    actor: User,
) -> tuple[Upload, Job]:
    """Store the files, write their rows, and queue the job that brings them in.

    Folders become groups of a file's own `similarity_type`, or else of the upload's. When all is
    in, `then_train` is trained.

    The bytes are stored before the rows; a transaction that fails leaves no row and no bytes.
    Raises `NothingToUpload`.
    """
    if not files:
        raise NothingToUpload
    upload = Upload(
        workspace=workspace,
        created_by=actor,
        similarity_type=similarity_type,
        then_train=then_train,
        stage=Upload.Stage.COMMITTED,
        committed=timezone.now(),
        name=_title(files),
    )
    try:
        parts = [_stored_part(upload, number, file) for number, file in enumerate(files)]
        with transaction.atomic():
            job = _write_rows(upload, parts, actor)
    except BaseException:
        storage.delete_all(paths.upload(workspace.id, upload.id))
        raise
    return upload, job


def _title(files: Sequence[SentFile]) -> str:
    return files[0].name[-255:] if len(files) == 1 else f"{len(files)} files"


def _stored_part(upload: Upload, number: int, file: SentFile) -> Stored:
    path = paths.upload_part(upload.workspace_id, upload.id, f"{number:06d}")
    is_archive = file.is_archive
    chunk = paths.upload_chunk(path, 0, uuid4().hex[:12])
    written = storage.write_stream(chunk, file.stream, limit=settings.LIKEWISE_MAX_UPLOAD)
    part = UploadPart(
        upload=upload,
        number=number,
        name=file.name[-1024:],
        size=written.size,
        path=path,
        kind=UploadPart.Kind.ARCHIVE if is_archive else UploadPart.Kind.PICTURE,
        received=written.size,
        similarity_type=file.similarity_type,
        listed=not is_archive,
    )
    return part, UploadChunk(part=part, start=0, size=written.size, path=chunk)


def _write_rows(upload: Upload, stored: Sequence[Stored], actor: User) -> Job:
    upload.save(force_insert=True)
    parts = [part for part, _ in stored]
    UploadPart.objects.bulk_create(parts, batch_size=200)
    UploadChunk.objects.bulk_create([chunk for _, chunk in stored if chunk.size], batch_size=200)
    single = [
        UploadFile(upload=upload, part=part, number=0, name=part.name)
        for part in parts
        if not part.is_archive
    ]
    UploadFile.objects.bulk_create(single, batch_size=200)
    record(
        workspace=upload.workspace,
        verb="uploaded",
        noun="files",
        target_id=upload.id,
        target_name=upload.name,
        count=len(parts),
        actor=actor,
    )
    return jobs.enqueue(
        workspace=upload.workspace,
        kind=Job.Kind.UPLOAD,
        title=f"Upload of {upload.name}",
        subject_id=upload.id,
        actor=actor,
    )


@transaction.atomic
def commit_upload(*, upload: Upload, actor: User) -> Job:
    """Queue the job that brings in what was received."""
    if upload.new_type_name:
        upload.similarity_type = find_or_create_type(
            workspace=upload.workspace, name=upload.new_type_name, exclusive=True, actor=actor
        )
    upload.stage, upload.committed = Upload.Stage.COMMITTED, timezone.now()
    upload.save(update_fields=["similarity_type", "stage", "committed", "modified"])
    loose = upload.parts.exclude(kind=UploadPart.Kind.ARCHIVE)
    UploadFile.objects.bulk_create(
        (
            UploadFile(
                upload=upload,
                part=part,
                number=0,
                name=part.name,
                group_name=part.name.rpartition("/")[0].rpartition("/")[2][-255:],
                sha256=part.sha256,
            )
            for part in loose
        ),
        batch_size=200,
    )
    loose.update(listed=True)
    return jobs.enqueue(
        workspace=upload.workspace,
        kind=Job.Kind.UPLOAD,
        title=f"Upload of {upload.name}",
        subject_id=upload.id,
        actor=actor,
    )


def run_upload(*, upload_id: UUID, handle: jobs.Handle) -> str:
    """Bring in every file that still waits; returns a sentence about the outcome.

    Each batch is one transaction, which the job's lease guards: after a kill the next worker
    finds either all of a batch or nothing of it.
    """
    related = ("workspace", "similarity_type", "then_train", "created_by")
    upload = Upload.objects.select_related(*related).get(pk=upload_id)
    for part in upload.parts.filter(listed=False).order_by("number"):
        _list_archive(upload, part, handle)
    _report(upload, handle)
    with (
        ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "import") as pool,
        Importer(upload, pool, partial(_report, upload, handle)) as importer,
    ):
        while upload.files.filter(status=UploadFile.Status.WAITING).exists():
            for _ in importer.batches():
                handle.check()
    close_upload(upload_id=upload.id)
    start_describing(workspace=upload.workspace, actor=upload.created_by)
    return f"{_outcome(counts(upload))} {_train(upload)}".strip()


def _train(upload: Upload) -> str:
    """Train what waits for this upload, once; returns the reason if it cannot be trained."""
    task = upload.then_train
    if task is None or upload.created_by is None:
        return ""
    if versions_of(task).filter(created__gte=upload.created).exists():
        return ""  # an earlier try, killed before the job ended, has started it
    try:
        start_training(task=task, actor=upload.created_by)
    except Refused as refusal:
        return str(refusal)
    return ""


def _list_archive(upload: Upload, part: UploadPart, handle: jobs.Handle) -> None:
    """Write a row for every file of an archive; one that cannot be opened is a failed file."""
    handle.report(stage=f"Reading {part.name[-80:]}")
    try:
        with open_part(part) as file, archives.ZipArchive(file) as archive:
            common = archives.common_folder(archive.members())
            members = archive.members()
            while rows := [
                _row(part, member, common) for member in islice(members, LISTED_AT_ONCE)
            ]:
                UploadFile.objects.bulk_create(rows, ignore_conflicts=True)
                handle.check()
    except FileRefused as refusal:
        row = UploadFile(upload=upload, part=part, number=0, name=part.name)
        row.status, row.reason = UploadFile.Status.FAILED, refusal.reason
        UploadFile.objects.bulk_create([row], ignore_conflicts=True)
    UploadPart.objects.filter(pk=part.pk).update(listed=True)


def _row(part: UploadPart, member: archives.Member, common: str | None) -> UploadFile:
    row = UploadFile(
        upload_id=part.upload_id,
        part=part,
        number=member.index,
        name=member.path[-1024:],
        group_name=(archives.group_name(member.parts, common) or "")[-255:],
    )
    if member.refusal is not None:
        row.status, row.reason = UploadFile.Status.FAILED, member.refusal
    return row


def _report(upload: Upload, handle: jobs.Handle) -> None:
    by_status = counts(upload)
    total = sum(by_status.values())
    waiting = by_status[UploadFile.Status.WAITING]
    handle.report(
        stage="Bringing pictures in",
        total=total,
        done=by_status[UploadFile.Status.ADDED],
        skipped=by_status[UploadFile.Status.KNOWN],
        failed=by_status[UploadFile.Status.FAILED],
        fraction=(total - waiting) / total if total else 0,
    )


def _outcome(by_status: dict[str, int]) -> str:
    words = [f"{by_status[UploadFile.Status.ADDED]:,} added"]
    if known := by_status[UploadFile.Status.KNOWN]:
        words.append(f"{known:,} known already")
    if failed := by_status[UploadFile.Status.FAILED]:
        words.append(f"{failed:,} failed")
    return ", ".join(words) + "."


def close_upload(*, upload_id: UUID) -> None:
    """Remove the bytes as sent, but for those that could be tried again, which have a day."""
    upload = Upload.objects.get(pk=upload_id)
    Upload.objects.filter(pk=upload.pk).update(modified=timezone.now())
    left = unfinished_parts(upload.pk).values("pk")
    _remove_bytes(stored_parts().filter(upload=upload).exclude(pk__in=left))


def retry_upload(*, upload: Upload, actor: User) -> Job:
    """Put the files that failed back, and queue the upload again for them and all that waits.

    Call it in a transaction that keeps others from doing the same. Raises `NothingToRetry`.
    """
    parts = unfinished_parts(upload.pk)
    if not parts.exists():
        raise NothingToRetry
    for part in parts.filter(kind=UploadPart.Kind.ARCHIVE):
        # An archive that could not be opened stands in the list as if it were a file of its own.
        if upload.files.filter(part=part, number=0, name=part.name).delete()[0]:
            UploadPart.objects.filter(pk=part.pk).update(listed=False)
    upload.files.filter(status=UploadFile.Status.FAILED, part__in=stored_parts()).update(
        status=UploadFile.Status.WAITING, reason=""
    )
    return jobs.enqueue(
        workspace=upload.workspace,
        kind=Job.Kind.UPLOAD,
        title=f"Upload of {upload.name}, once more",
        subject_id=upload.id,
        actor=actor,
    )


def forget_uploads() -> int:
    """Remove what was sent and did not come in, a day after; returns how many parts."""
    return _remove_bytes(expired_parts(timezone.now() - KEPT))


def _remove_bytes(parts: QuerySet[UploadPart]) -> int:
    """Remove the bytes of parts; the rows follow, so that a kill in between loses track of none."""
    folders: dict[UUID, str] = {}
    found = list(parts.select_related("upload"))
    forget_parts(found)
    for part in found:
        folders[part.upload_id] = paths.upload(part.upload.workspace_id, part.upload_id)
    for upload_id, folder in folders.items():
        if not stored_parts().filter(upload=upload_id).exists():
            storage.delete_all(folder)
    return len(found)
