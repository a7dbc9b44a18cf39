"""Images that were sent to be described, or named by addresses: looked at once, not kept."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import tee
from typing import Final

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from dashboard.engine.encoder import PictureEncoder
from dashboard.files.errors import FileRefused
from dashboard.files.tables.tables import Described
from dashboard.models import Extraction, SentFeature, Upload, UploadFile
from dashboard.models.bulk import update_rows
from dashboard.queries.pages import batches
from dashboard.services.jobs import jobs
from dashboard.services.training.descriptors import look_at
from dashboard.services.training.loading import load_encoder, load_model
from dashboard.services.uploads.listing import list_parts
from dashboard.services.uploads.reader import PartReader
from dashboard.services.uploads.receiving import forget_bytes

FILES_AT_ONCE: Final = 50
BYTES_AT_ONCE: Final = 64 << 20  # of images that wait to be looked at
ROWS_AT_ONCE: Final = 500
LOOKING_SHARE: Final = 0.85  # of the whole progress; the rest is writing
# Seldom is enough: bytes are kept for days, and each touch is a write that others wait for.
_TOUCHED: Final = timedelta(minutes=10)

Status = UploadFile.Status
# A row with what the encoder saw of it, or why there is nothing.
Seen = NDArray[np.float16] | FileRefused


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A file that is looked at; until then its bytes are in memory."""

    row: UploadFile
    future: Future[Seen]
    size: int


def _is_full(waiting: deque[_Waiting]) -> bool:
    # Twice a batch, so that the pool has work while the first half is written.
    if len(waiting) >= 2 * FILES_AT_ONCE:
        return True
    # A finished one no longer holds its bytes: only its vector is left.
    return sum(one.size for one in waiting if not one.future.done()) >= BYTES_AT_ONCE


def _why(row: UploadFile, refusal: FileRefused) -> str:
    """Return why a file has no descriptor: what was found when it was listed says more."""
    return row.wrong.get("picture") or row.wrong.get("file") or refusal.reason


@dataclass
class SentPictures:
    """The files of an extraction's upload. Each is ADDED once it was looked at, or FAILED."""

    extraction: Extraction
    handle: jobs.Handle

    def __post_init__(self) -> None:
        rows = Upload.objects.select_related("workspace")
        self.upload = rows.get(pk=str(self.extraction.upload_id))

    def look(self) -> None:
        """List what was uploaded, and let the encoder look at what it has not seen.

        Each batch is one transaction, which the job's lease guards; a second run continues.
        """
        list_parts(upload=self.upload, handle=self.handle)
        encoder = load_encoder(self.extraction.version.encoder)
        self._tell(self._counts())
        with ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "sent") as pool:
            waiting: deque[_Waiting] = deque()
            with PartReader() as reader:
                for row, content in self._contents(reader):
                    size = 0 if isinstance(content, FileRefused) else len(content)
                    waiting.append(_Waiting(row, pool.submit(_look, encoder, content), size))
                    # Else this name keeps the last image's bytes alive while the loop waits below.
                    del content
                    while _is_full(waiting):
                        self._keep(waiting)
                while waiting:
                    self._keep(waiting)

    def _contents(self, reader: PartReader) -> Iterator[tuple[UploadFile, bytes | FileRefused]]:
        rows, same = tee(self._waiting())
        with closing(reader.read_many(same)) as contents:
            # `tee` runs ahead only as far as `read_many` reads in advance.
            yield from zip(rows, contents, strict=False)

    def _waiting(self) -> Iterator[UploadFile]:
        rows = self.upload.files.filter(status=Status.WAITING)
        for page in batches(rows.select_related("part", "source__part"), ROWS_AT_ONCE):
            yield from page

    def _keep(self, waiting: deque[_Waiting]) -> None:
        batch = [waiting.popleft() for _ in range(min(len(waiting), FILES_AT_ONCE))]
        features = []
        for row, seen in ((one.row, one.future.result()) for one in batch):
            if isinstance(seen, FileRefused):
                row.status, row.reason = Status.FAILED, _why(row, seen)
            else:
                row.status = Status.ADDED
                features.append(SentFeature(file=row, vector=seen.astype("<f2").tobytes()))
        # Outcome, vector and progress together: a second run meets only files that are still
        # WAITING.
        with transaction.atomic():
            # A worker that lost its lease may have written the same features.
            SentFeature.objects.bulk_create(features, ignore_conflicts=True)
            update_rows([one.row for one in batch], ["status", "reason"])
            self._tell(self._counts())
        self._touch()
        self.handle.check()

    def _touch(self) -> None:
        """Keep the bytes from being deleted while they are needed."""
        now = timezone.now()
        stale = Upload.objects.filter(pk=self.upload.pk, modified__lt=now - _TOUCHED)
        stale.update(modified=now)

    def _counts(self) -> tuple[int, int, int]:
        """Count files: all that are wanted, those looked at, those that have no descriptor."""
        rows = self.upload.files.exclude(status=Status.LEFT_OUT)
        return rows.count(), self.count(), self.failed()

    def _tell(self, counts: tuple[int, int, int]) -> None:
        total, done, failed = counts
        fraction = LOOKING_SHARE * ((done + failed) / total if total else 1)
        self.handle.report(
            step="Computing embeddings",
            total=total,
            done=done,
            failed=failed,
            fraction=min(LOOKING_SHARE, fraction),
        )

    def count(self) -> int:
        """Count those that have a descriptor."""
        return self.upload.files.filter(status=Status.ADDED).count()

    def failed(self) -> int:
        """Count those that have none."""
        return self.upload.files.filter(status=Status.FAILED).count()

    def rows(self, total: int) -> Iterator[Described]:
        """Yield their descriptors; a folder stands where images of a workspace have groups."""
        model = load_model(self.extraction.version)
        rows = SentFeature.objects.filter(file__upload=self.upload).select_related("file")
        done = 0
        for page in batches(rows, ROWS_AT_ONCE):
            fraction = LOOKING_SHARE + (0.99 - LOOKING_SHARE) * min(1.0, done / total)
            self.handle.tick(step="Writing the file", fraction=fraction)
            features = np.array([np.frombuffer(row.vector, "<f2") for row in page])
            for row, descriptor in zip(page, model.describe(features), strict=True):
                yield Described(
                    id=str(row.file_id),
                    file_name=row.file.url or row.file.name,
                    groups=[row.file.group_name] if row.file.group_name else [],
                    descriptor=descriptor,
                )
            done += len(page)

    def close(self) -> None:
        """Delete the images and their features, now that the result is kept."""
        forget_bytes(self.upload)
        forget_features(self.upload)


def forget_features(upload: Upload) -> None:
    """Remove what the encoder saw in an upload's images, batch by batch."""
    rows = SentFeature.objects.filter(file__upload=upload).order_by("pk")
    # In batches: one statement for all would hold SQLite's write lock for as long as it takes.
    while ids := list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        SentFeature.objects.filter(pk__in=ids).delete()


def forget_left_features() -> int:
    """Remove what was seen in images that were deleted meanwhile; returns how many, a few."""
    rows = SentFeature.objects.filter(file__part__path="").order_by("pk")
    ids = list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE])
    SentFeature.objects.filter(pk__in=ids).delete()
    return len(ids)


def _look(encoder: PictureEncoder, content: bytes | FileRefused) -> Seen:
    seen = look_at(encoder, content)
    return seen if isinstance(seen, FileRefused) else seen[0]
