"""Run the dry run of an upload: what is new, known, or in error. Nothing is imported.

Only the upload's own rows are written. After a kill it continues with the rows that are not checked
yet; when it ends early, files can be added to the upload and checked again.
"""

from collections import Counter
from contextlib import closing
from functools import partial
from itertools import takewhile
from typing import Self
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashboard.files.errors import FileRefused
from dashboard.files.images import images as pictures
from dashboard.models import Job, Upload, UploadFile
from dashboard.models.bulk import update_rows
from dashboard.queries.library.images import images_in
from dashboard.queries.uploads.receiving import missing_parts
from dashboard.queries.uploads.uploads import foreseen_counts
from dashboard.services.jobs import jobs
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.row_locks import lock_all
from dashboard.services.uploads.errors import NothingToUpload, NotWhole, WrongStage
from dashboard.services.uploads.listing import list_parts
from dashboard.services.uploads.reader import SEND_AGAIN, PartReader

FILES_PER_BATCH = 200
BYTES_PER_BATCH = 64 << 20

LOOKED_AT = ["sha256", "size", "foreseen", "wrong", "reason"]

Foreseen = UploadFile.Foreseen
Stage = Upload.Stage


@transaction.atomic
def start_plan(*, upload: Upload, actor: User | None) -> Job:
    """Queue the dry run of a completely uploaded upload.

    Raises `NothingToUpload`, `NotWhole`, and `WrongStage` if it is running or was imported.
    """
    [row] = lock_all(Upload.objects.filter(pk=upload.pk))
    if row.stage not in (Stage.RECEIVING, Stage.PLANNED):
        raise WrongStage(row)
    if not row.parts.exists():
        raise NothingToUpload
    if missing := missing_parts(row).count():
        raise NotWhole(missing)
    # In one transaction with the job: a stage without a job would wait forever.
    Upload.objects.filter(pk=row.pk).update(stage=Stage.PLANNING, modified=timezone.now())
    return enqueue(
        workspace=upload.workspace,
        kind=Job.Kind.PLAN,
        title=f"Dry run of {upload.name}",
        subject_id=upload.pk,
        actor=actor,
    )


def run_plan(*, upload_id: UUID, handle: jobs.Handle) -> str:
    """List and check every file; return a sentence about what an import would do."""
    upload = Upload.objects.select_related("workspace").get(pk=upload_id)
    list_parts(upload=upload, handle=handle, look=partial(_look_early, handle))
    with Looker(upload, handle) as looker:
        while looker.look():
            handle.check()
    counts = foreseen_counts(upload)
    with transaction.atomic():
        handle.report(**_numbers(counts))
        # Conditional: a file that was added meanwhile has reopened the upload.
        Upload.objects.filter(pk=upload.pk, stage=Stage.PLANNING).update(
            stage=Stage.PLANNED, modified=timezone.now()
        )
    return (
        f"{counts[Foreseen.NEW]:,} new, {counts[Foreseen.KNOWN]:,} already in the workspace, "
        f"{counts[Foreseen.WRONG]:,} with errors."
    )


def close_plan(*, upload_id: UUID) -> None:
    """Reopen an upload for more files after its dry run ended early."""
    Upload.objects.filter(pk=upload_id, stage=Stage.PLANNING).update(
        stage=Stage.RECEIVING, modified=timezone.now()
    )


def _numbers(counts: Counter[str]) -> dict[str, int]:
    return {
        "total": counts.total(),
        "done": counts[Foreseen.NEW],
        "skipped": counts[Foreseen.KNOWN],
        "failed": counts[Foreseen.WRONG],
    }


class Looker:
    """Checks the files of one upload that are not checked yet, batch by batch."""

    def __init__(self, upload: Upload, handle: jobs.Handle) -> None:
        self._upload, self._handle = upload, handle
        self._reader = PartReader()
        self._counts = foreseen_counts(upload)
        self._last = 0  # of this pass: earlier rows are not searched again

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def look(self) -> bool:
        """Check one batch; return False if none was left."""
        rows = self._read() or self._read_from_the_start()
        # Outside the transaction: it only reads, and the transaction should be short.
        foresee(self._upload, rows)
        with transaction.atomic():
            update_rows(rows, LOOKED_AT)
            self._counts.update(row.foreseen for row in rows)
            self._counts[Foreseen.UNKNOWN] -= len(rows)
            total = self._counts.total()
            left = self._counts[Foreseen.UNKNOWN]
            self._handle.report(
                step="Checking the files",
                fraction=(total - left) / total if total else 0,
                **_numbers(self._counts),
            )
        return bool(rows)

    def _read_from_the_start(self) -> list[UploadFile]:
        """Begin another pass: rows that waited for one with a higher id are due now."""
        if not self._last:
            return []
        self._last = 0
        return self._read()

    def _read(self) -> list[UploadFile]:
        """Return the next rows, with the hashes of the images that could be read."""
        found = self._upload.files.filter(foreseen=Foreseen.UNKNOWN, status="waiting")
        found = found.filter(pk__gt=self._last).defer("meta_data", "source__meta_data")
        # A second row of a file waits for the first one, which may be newer if files were added.
        found = found.exclude(source__foreseen=Foreseen.UNKNOWN)
        related = ("part", "source__part")
        rows = list(found.select_related(*related).order_by("pk")[:FILES_PER_BATCH])
        to_read = [row for row in rows if _has_bytes(row)]
        size, done = 0, set[int]()
        with closing(self._reader.read_many(to_read)) as contents:
            for row, data in zip(to_read, contents, strict=False):
                done.add(row.pk)
                _inspect(row, data)
                size += 0 if isinstance(data, FileRefused) else len(data)
                if size >= BYTES_PER_BATCH:
                    break
        waiting = {row.pk for row in to_read} - done
        rows = list(takewhile(lambda row: row.pk not in waiting, rows))
        self._last = rows[-1].pk if rows else self._last
        return rows


def _has_bytes(row: UploadFile) -> bool:
    """Return whether there are bytes to read: URLs are not fetched before the import."""
    is_there = not (row.url or row.source_id or row.part.known or row.sha256)
    return is_there and not row.wrong.keys() & {"file", "name", "row", "path", "picture"}


def _look_early(handle: jobs.Handle, row: UploadFile, data: bytes | FileRefused) -> None:
    """Check a file while its archive is listed."""
    _inspect(row, data)
    handle.tick(step=f"Checking {row.part.name[-80:]}")


def _inspect(row: UploadFile, data: bytes | FileRefused) -> None:
    """Record the hash of an image, and what is wrong with its header."""
    if isinstance(data, FileRefused):
        row.refuse("picture", data.reason)
        return
    try:
        facts = pictures.inspect(data)
    except FileRefused as refusal:
        row.refuse("picture", refusal.reason)
        return
    row.sha256, row.size = facts.sha256, len(data)


def foresee(upload: Upload, rows: list[UploadFile]) -> None:
    """Set for each row whether it is new, known, or in error; further equal images are known."""
    by_pk = {row.pk: row for row in rows}
    for row in rows:
        if row.source is not None and not row.wrong:
            _follow(row, by_pk.get(row.source.pk, row.source))
    hashes = {row.sha256 for row in rows if row.sha256}
    present = images_in(upload.workspace).filter(sha256__in=hashes)
    known = set(present.values_list("sha256", flat=True))
    twins = upload.files.filter(sha256__in=hashes, status="waiting", foreseen=Foreseen.NEW)
    known.update(twins.exclude(pk__in=by_pk).values_list("sha256", flat=True))
    for row in rows:
        row.foreseen = _judge(row, known)
        if row.foreseen == Foreseen.NEW and row.sha256:
            known.add(row.sha256)


def _judge(row: UploadFile, known: set[str]) -> str:
    if not row.wrong and row.part.known and row.source_id is None and row.sha256 not in known:
        row.refuse("picture", SEND_AGAIN)
    if row.wrong:
        return Foreseen.WRONG
    return Foreseen.KNOWN if row.sha256 in known else Foreseen.NEW


def _follow(row: UploadFile, source: UploadFile) -> None:
    """Copy the hash and the image's error of a file's first row to its second."""
    row.sha256 = source.sha256
    if "picture" in source.wrong:
        row.refuse("picture", source.wrong["picture"])
