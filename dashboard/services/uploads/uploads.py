"""Import files: store the bytes, write a row for every file, then process the rows by a job.

Whatever happens in between, running the job again continues where it stopped: an archive is listed
once, and each file's row has its outcome.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import IO
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.journal import record
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.files.images import kinds
from dashboard.files.store import paths, room, storage
from dashboard.models import (
    Job,
    SimilarityType,
    Task,
    Upload,
    UploadChunk,
    UploadFile,
    UploadPart,
    UploadType,
)
from dashboard.queries.pages import batches
from dashboard.queries.training.versions import versions_of
from dashboard.queries.uploads.uploads import (
    can_retry_upload,
    counts,
    is_busy,
    retryable,
    stored_parts,
)
from dashboard.services.errors import NothingToRetry, Refused, StillUnderWay
from dashboard.services.jobs import jobs
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.library.similarity_types import find_or_make_type
from dashboard.services.row_locks import lock_all
from dashboard.services.training.describing import start_describing
from dashboard.services.training.training import start_training
from dashboard.services.uploads.batches import Importer
from dashboard.services.uploads.bytes import close_upload
from dashboard.services.uploads.errors import NothingToUpload, WrongStage
from dashboard.services.uploads.listing import list_parts
from dashboard.services.uploads.rollback import removed_on_rollback
from dashboard.services.uploads.tables import WHOLE_PART
from dashboard.services.workspaces.usage import count_named, images_refusal, is_full

INVERSE = "upload"  # in the rows of the journal: see `inverses.py`
FAILED_AT_ONCE = 200

Stored = tuple[UploadPart, UploadChunk]


@dataclass(frozen=True)
class SentFile:
    """An uploaded file: its name, its size in bytes, and its bytes."""

    name: str
    size: int
    stream: IO[bytes]
    similarity_type: SimilarityType | None = None

    @property
    def kind(self) -> str:
        """Return the kind of part, by its content and its name."""
        head = self.stream.read(kinds.HEAD)
        self.stream.seek(0)
        return kinds.kind_of(self.name, head)


def start_upload(
    *,
    workspace: Workspace,
    files: Sequence[SentFile],
    similarity_type: SimilarityType | None,
    then_train: Task | None = None,
    actor: User,
) -> tuple[Upload, Job]:
    """Store the files, write their rows, and queue the job that imports them.

    Folders become groups of a file's own `similarity_type`, or else of the upload's. When all is
    imported, `then_train` is trained.

    The bytes are stored before the rows; a transaction that fails leaves no row and no bytes.
    Raises `NothingToUpload` and `QuotaReached`.
    """
    if not files:
        raise NothingToUpload
    room.refuse_if_low()
    if is_full(workspace):
        raise images_refusal()
    upload = Upload(
        workspace=workspace,
        created_by=actor,
        similarity_type=similarity_type,
        then_train=then_train,
        stage=Upload.Stage.COMMITTED,
        committed=timezone.now(),
        name=_title(files),
    )
    with removed_on_rollback(partial(storage.delete_all, paths.upload(workspace.id, upload.id))):
        parts = [_stored_part(upload, number, file) for number, file in enumerate(files)]
        with transaction.atomic():
            job = _write_rows(upload, parts, actor)
    return upload, job


def _title(files: Sequence[SentFile]) -> str:
    return files[0].name[-255:] if len(files) == 1 else f"{len(files)} files"


def _stored_part(upload: Upload, number: int, file: SentFile) -> Stored:
    path = paths.upload_part(upload.workspace_id, upload.id, f"{number:06d}")
    kind = file.kind
    chunk = paths.upload_chunk(path, 0, uuid4().hex[:12])
    written = storage.write_stream(chunk, file.stream, limit=settings.LIKEWISE_MAX_UPLOAD)
    part = UploadPart(
        upload=upload,
        number=number,
        name=file.name[-1024:],
        size=written.size,
        path=path,
        kind=kind,
        received=written.size,
        similarity_type=file.similarity_type,
    )
    return part, UploadChunk(part=part, start=0, size=written.size, path=chunk)


def _write_rows(upload: Upload, stored: Sequence[Stored], actor: User) -> Job:
    upload.save(force_insert=True)
    parts = [part for part, _ in stored]
    UploadPart.objects.bulk_create(parts, batch_size=200)
    UploadChunk.objects.bulk_create([chunk for _, chunk in stored if chunk.size], batch_size=200)
    record(
        workspace=upload.workspace,
        verb=Verb.UPLOADED,
        noun="files",
        target_id=upload.id,
        target_name=upload.name,
        count=len(parts),
        inverse=INVERSE,
        actor=actor,
    )
    job = _queue(upload, f"Upload of {upload.name}", actor)
    # Last, since all uploads of the workspace wait for this row until the commit.
    count_named(upload.workspace_id, parts)
    return job


def _queue(upload: Upload, title: str, actor: User | None) -> Job:
    return enqueue(
        workspace=upload.workspace,
        kind=Job.Kind.UPLOAD,
        title=title,
        subject_id=upload.id,
        actor=actor,
    )


@transaction.atomic
def commit_upload(*, upload: Upload, actor: User | None) -> Job:
    """Import what the plan lists, as one change; files in error are skipped.

    Raises `WrongStage`.
    """
    [row] = lock_all(Upload.objects.filter(pk=upload.pk).select_related("workspace"))
    if row.stage != Upload.Stage.PLANNED:
        raise WrongStage(row)
    # Files in error fail when the job begins, batch by batch: here everybody would wait for it.
    coming = row.files.filter(status=UploadFile.Status.WAITING, wrong={})
    return _commit(row, coming.count, actor)


def commit_unasked(*, upload: Upload, actor: User | None) -> Job:
    """Import an upload with `auto_commit`, whose files are checked during the import.

    Call it in a transaction that has locked the upload and found it complete.
    """
    return _commit(upload, upload.parts.count, actor)


def _commit(row: Upload, counted: Callable[[], int], actor: User | None) -> Job:
    if row.new_type_name:
        row.similarity_type = _made_type(row, row.new_type_name)
    row.stage, row.committed = Upload.Stage.COMMITTED, timezone.now()
    row.save()
    record(
        workspace=row.workspace,
        verb=Verb.UPLOADED,
        noun="files",
        target_id=row.id,
        target_name=row.name,
        count=counted(),
        inverse=INVERSE,
        actor=actor,
    )
    return _queue(row, f"Upload of {row.name}", actor)


def _made_type(upload: Upload, name: str) -> SimilarityType:
    """Return the type with that name; one that is created is deleted when the upload is undone."""
    found, is_new = find_or_make_type(workspace=upload.workspace, name=name, exclusive=True)
    if is_new:
        UploadType.objects.create(upload=upload, similarity_type=found)
    return found


def _fail_wrong(upload: Upload, handle: jobs.Handle) -> None:
    """Fail the files in error, each with its reason."""
    waiting = upload.files.filter(status=UploadFile.Status.WAITING).exclude(wrong={})
    for some in batches(waiting.only("pk"), FAILED_AT_ONCE):
        with transaction.atomic():
            UploadFile.objects.filter(pk__in=[row.pk for row in some]).update(
                status=UploadFile.Status.FAILED
            )
            handle.report(step="Importing images")
        handle.check()


def run_upload(*, upload_id: UUID, handle: jobs.Handle) -> str:
    """Import every waiting file; return a sentence about the outcome.

    Each batch is one transaction, guarded by the job's lease: after a kill the next worker finds
    either all of a batch or nothing of it.
    """
    related = ("workspace", "similarity_type", "then_train", "created_by")
    upload = Upload.objects.select_related(*related).get(pk=upload_id)
    # Again, though a dry run has listed them: after `auto_commit` or a kill some are not.
    list_parts(upload=upload, handle=handle)
    _fail_wrong(upload, handle)
    types = _types(upload, handle)
    tally = Counter(counts(upload))
    _report(tally, handle)
    with (
        ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "import") as pool,
        Importer(upload, pool, partial(_report, tally, handle), types) as importer,
    ):
        # More than one pass: second rows of a file, and files whose image was deleted meanwhile,
        # wait for the next.
        while upload.files.filter(status=UploadFile.Status.WAITING).exists():
            for _ in importer.batches():
                handle.check()
    # Only when no file waits: until then another attempt needs the bytes.
    close_upload(upload_id=upload.id)
    start_describing(workspace=upload.workspace, actor=upload.created_by)
    return f"{_outcome(counts(upload))} {_train(upload)}".strip()


@transaction.atomic
def _types(upload: Upload, handle: jobs.Handle) -> dict[str, SimilarityType]:
    """Return the types that files name, creating missing ones."""
    waiting = upload.files.filter(status=UploadFile.Status.WAITING).exclude(type_name="")
    names = list(waiting.order_by("type_name").values_list("type_name", flat=True).distinct())
    types = {name: _made_type(upload, name) for name in names}
    handle.report(step="Importing images")
    return types


def _train(upload: Upload) -> str:
    """Start the training that waits for this upload, once; return why it cannot be trained."""
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


def _report(tally: Counter[str], handle: jobs.Handle, more: Counter[str] | None = None) -> None:
    """Report progress; `more` counts the outcomes of a batch whose files were waiting.

    Counted from the rows when the job begins and when it ends, and in memory in between: counting
    100,000 rows for each batch would be most of the work.
    """
    if more is not None:
        tally.update(more)
        tally[UploadFile.Status.WAITING] -= more.total()
    total = tally.total() - tally[UploadFile.Status.LEFT_OUT]
    waiting = tally[UploadFile.Status.WAITING]
    handle.report(
        step="Importing images",
        total=total,
        done=tally[UploadFile.Status.ADDED],
        skipped=tally[UploadFile.Status.KNOWN],
        failed=tally[UploadFile.Status.FAILED],
        fraction=(total - waiting) / total if total else 0,
    )


def _outcome(by_status: dict[str, int]) -> str:
    words = [f"{by_status[UploadFile.Status.ADDED]:,} added"]
    if known := by_status[UploadFile.Status.KNOWN]:
        words.append(f"{known:,} already in the workspace")
    if failed := by_status[UploadFile.Status.FAILED]:
        words.append(f"{failed:,} failed")
    return ", ".join(words) + "."


def retry_upload(*, upload: Upload, actor: User) -> Job:
    """Queue the upload again for the files that failed and those that wait.

    Call it in a transaction that prevents a concurrent retry. Raises `NothingToRetry` and
    `StillUnderWay`.
    """
    [row] = lock_all(Upload.objects.filter(pk=upload.pk).select_related("workspace"))
    if row.stage != Upload.Stage.COMMITTED:
        raise NothingToRetry
    if is_busy(row):
        raise StillUnderWay
    if not can_retry_upload(row.pk):
        raise NothingToRetry
    whole = row.files.filter(number=WHOLE_PART, part__in=stored_parts())
    UploadPart.objects.filter(files__in=whole).update(listed=False)
    whole.delete()
    # Waiting files keep their errors: these were not yet reported as failures.
    failed = retryable(row.pk).filter(status=UploadFile.Status.FAILED)
    failed.update(status=UploadFile.Status.WAITING, reason="", wrong={})
    return _queue(row, f"Retry of {row.name}", actor)
