"""Extract the descriptors of uploaded images, or of images named by URLs, which are not kept."""

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
BYTES_AT_ONCE: Final = 64 << 20  # of images that wait for the encoder
ROWS_AT_ONCE: Final = 500
LOOKING_SHARE: Final = 0.85  # of the whole progress; the rest is writing
# Rarely is enough: bytes are kept for days, and each update is a write that others wait for.
_TOUCHED: Final = timedelta(minutes=10)

Status = UploadFile.Status
# The features of a file, or why it has none.
Seen = NDArray[np.float16] | FileRefused


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A file that waits for the encoder, with its bytes in memory."""

    row: UploadFile
    future: Future[Seen]
    size: int


def _is_full(waiting: deque[_Waiting]) -> bool:
    # Twice a batch, so that the pool has work while the first half is written.
    if len(waiting) >= 2 * FILES_AT_ONCE:
        return True
    # A finished one no longer holds its bytes, only its vector.
    return sum(one.size for one in waiting if not one.future.done()) >= BYTES_AT_ONCE


def _why(row: UploadFile, refusal: FileRefused) -> str:
    """Return why a file has no descriptor; what the listing found is more specific."""
    return row.wrong.get("picture") or row.wrong.get("file") or refusal.reason


@dataclass
class SentPictures:
    """The files of an extraction's upload: ADDED once their features are computed, or FAILED."""

    extraction: Extraction
    handle: jobs.Handle

    def __post_init__(self) -> None:
        rows = Upload.objects.select_related("workspace")
        self.upload = rows.get(pk=str(self.extraction.upload_id))

    def look(self) -> None:
        """List the uploaded files and compute the features of those that lack them.

        Each batch is one transaction, guarded by the lease of the job; a run after a kill
        continues.
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
                    # Otherwise this name keeps the last image's bytes alive while the loop waits
                    # below.
                    del content
                    while _is_full(waiting):
                        self._keep(waiting)
                while waiting:
                    self._keep(waiting)

    def _contents(self, reader: PartReader) -> Iterator[tuple[UploadFile, bytes | FileRefused]]:
        rows, same = tee(self._waiting())
        with closing(reader.read_many(same)) as contents:
            # `tee` buffers only what `read_many` reads ahead.
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
        # Outcome, vector and progress in one transaction: a second run sees only files that are
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
        """Return how many files are not skipped, have a descriptor, and failed."""
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
        """Return the number of files with a descriptor."""
        return self.upload.files.filter(status=Status.ADDED).count()

    def failed(self) -> int:
        """Return the number of files that failed."""
        return self.upload.files.filter(status=Status.FAILED).count()

    def rows(self, total: int) -> Iterator[Described]:
        """Yield the descriptors; the folder of a file takes the place of groups."""
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
        """Delete the images and their features, as the result is stored."""
        forget_bytes(self.upload)
        forget_features(self.upload)


def forget_features(upload: Upload) -> None:
    """Delete the features of an upload's images, batch by batch."""
    rows = SentFeature.objects.filter(file__upload=upload).order_by("pk")
    # In batches: one statement for all would hold SQLite's write lock the whole time.
    while ids := list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        SentFeature.objects.filter(pk__in=ids).delete()


def forget_left_features() -> int:
    """Delete features whose images were deleted; return their number, at most `ROWS_AT_ONCE`."""
    rows = SentFeature.objects.filter(file__part__path="").order_by("pk")
    ids = list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE])
    SentFeature.objects.filter(pk__in=ids).delete()
    return len(ids)


def _look(encoder: PictureEncoder, content: bytes | FileRefused) -> Seen:
    seen = look_at(encoder, content)
    return seen if isinstance(seen, FileRefused) else seen[0]
