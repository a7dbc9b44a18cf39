"""Write a workspace into one archive: to a temporary file first, then stored as a whole.

The workspace can be changed while it is exported. A row that refers to a row that was added or
deleted meanwhile is skipped, so that the archive is consistent.
"""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Workspace
from accounts.words import counted
from dashboard.engine import artifacts
from dashboard.engine.progress import SILENT, Progress
from dashboard.files.exchange.transfer_links import Links
from dashboard.files.exchange.transfer_rows import Row
from dashboard.files.exchange.transfers import PACK_IMAGES, PACK_META_DATA, TransferWriter
from dashboard.files.store import paths, room, storage
from dashboard.files.store.scratch import Seen
from dashboard.models import Image, Transfer, Version
from dashboard.queries.exchange import export_rows
from dashboard.services.jobs import jobs
from dashboard.services.jobs.spans import Span
from dashboard.services.training.training import SNAPSHOT

WRITING_SHARE = 0.9  # of the whole progress; the rest is storing
# An import writes them in this order, so that a folder with a manifest is complete.
ARTIFACT_FILES = (SNAPSHOT, artifacts.ARRAYS, artifacts.MANIFEST)
_CHUNK = 1024 * 1024


def run_export(*, transfer_id: UUID, handle: jobs.Handle) -> str:
    """Write and store the archive; a run after a kill starts over."""
    transfer = Transfer.objects.select_related("workspace").get(pk=transfer_id)
    if transfer.path:  # killed after the file was stored, before the job ended
        return outcome(transfer)
    # Checked again when the job begins: it may have been queued for hours.
    room.refuse_if_low()
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as aside:
        local = Path(aside, "workspace.zip")
        writing = Span(handle, 0, WRITING_SHARE, counts=("done",))
        counts = write_archive(workspace=transfer.workspace, path=local, progress=writing)
        _store(transfer, local, counts, handle)
    return outcome(transfer)


def write_archive(
    *, workspace: Workspace, path: Path, progress: Progress = SILENT
) -> dict[str, int]:
    """Write a workspace's archive to a file and return the number of rows of each noun."""
    temporary = tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR)
    with temporary as aside, Seen(Path(aside)) as seen:
        return _Export(workspace, progress, Links(seen)).write(path)


def outcome(transfer: Transfer) -> str:
    """Return one sentence that says what was exported or imported."""
    counts = transfer.counts
    nouns = ("image", "group", "task", "collection")
    found = [(counts.get(f"{noun}s", 0), noun) for noun in nouns]
    parts = [counted(count, noun) for count, noun in found]
    went = "written" if transfer.direction == Transfer.Direction.EXPORT else "imported"
    return f"{', '.join(parts[:-1])} and {parts[-1]} {went}."


def _store(transfer: Transfer, local: Path, counts: dict[str, int], handle: jobs.Handle) -> None:
    path, size = paths.transfer(transfer.workspace_id, transfer.id), local.stat().st_size
    with local.open("rb") as file:
        # Stored before the row names it: a kill in between leaves a file without a row, which
        # `close_transfer` or the doctor deletes, and never a row without a file. The fraction is
        # never 1 before the row is saved: a page that polls stops at 1.
        storing = Span(handle, WRITING_SHARE, 0.99, "Storing the archive")
        storage.write_stream(path, _Watched(file, size, storing), limit=size)  # type: ignore[arg-type]
    with transaction.atomic():
        # In the transaction: `report` checks the lease, so a worker that lost it cannot save this.
        handle.report(fraction=1.0)
        transfer.path, transfer.size, transfer.counts = path, size, counts
        transfer.save(update_fields=["path", "size", "counts", "modified"])


class _Watched:
    """A file that reports how far it was read."""

    def __init__(self, file: IO[bytes], size: int, progress: Progress) -> None:
        self._file, self._size, self._progress = file, size, progress

    def read(self, size: int = -1) -> bytes:
        self._progress.report(self._file.tell(), self._size)
        return self._file.read(size)


@dataclass
class _Export:
    """One running export; `links` knows which rows the archive has."""

    workspace: Workspace
    progress: Progress
    links: Links
    _versions: list[Version] = field(default_factory=list)

    def write(self, path: Path) -> dict[str, int]:
        """Write the whole archive and return the number of rows of each noun."""
        started = timezone.now()
        with TransferWriter(path) as archive:
            # Images first: rows that refer to an image that was added later are skipped.
            self._images(archive)
            for noun, rows in self._nouns():
                archive.rows(noun, self._kept(noun, rows))
            for version in self._versions:
                self._artifact(archive, version)
            archive.finish(
                {
                    "workspace": str(self.workspace.pk),
                    "name": self.workspace.name,
                    "exported": started.isoformat(),
                }
            )
            return archive.counts

    def _nouns(self) -> Iterator[tuple[str, Iterable[Row]]]:
        """Yield each noun with its rows, so that a row comes after the rows that it refers to."""
        here = self.workspace
        yield "types", export_rows.type_rows(here)
        yield "labels", export_rows.label_rows(here)
        yield "regions", export_rows.region_rows(here)
        yield "groups", export_rows.group_rows(here)
        yield "members", export_rows.member_rows(here)
        yield "nestings", export_rows.nesting_rows(here)
        yield "verifications", export_rows.verification_rows(here)
        yield "encoders", export_rows.encoder_rows(here)
        yield "tasks", map(self._task, export_rows.task_rows(here))
        yield "versions", self._version_rows()
        yield "collections", export_rows.collection_rows(here)
        yield "records", export_rows.record_rows(here)

    def _kept(self, noun: str, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows whose references are in the archive, and report progress."""
        for row in rows:
            self.progress.report(0, 0, f"Writing {noun}")
            if self.links.fits(noun, row):
                yield row

    def _task(self, row: Row) -> Row:
        """Drop the types that were created after the types were written."""
        there = [key for key in row["types"] if self.links.seen.has("types", key)]
        return row | {"types": there}

    def _images(self, archive: TransferWriter) -> None:
        done = 0
        for batch in export_rows.image_batches(self.workspace, PACK_IMAGES):
            for part in _small_enough(batch):
                self._pack(archive, part)
            done += len(batch)
            # A count would read the whole table first. This curve only has to grow and never reach
            # the end.
            self.progress.report(done, done + 10_000, "Writing images")

    def _pack(self, archive: TransferWriter, batch: list[Image]) -> None:
        ids = [image.pk for image in batch]
        archive.pack(
            self._pictures(batch),
            self._kept("features", export_rows.feature_rows(ids)),
            self._kept("region_features", export_rows.region_feature_rows(ids)),
        )

    def _pictures(self, batch: list[Image]) -> Iterator[tuple[Row, bytes]]:
        """Yield images with their bytes, without those that were deleted meanwhile."""
        for image in batch:
            with contextlib.suppress(FileNotFoundError):
                data = storage.read(_path(image))
                row = export_rows.image_row(image)
                if self.links.fits("images", row):
                    yield row, data

    def _version_rows(self) -> Iterator[Row]:
        for version in export_rows.finished_versions(self.workspace):
            if version.artifact and not _has_files(version):
                continue
            if version.artifact:
                self._versions.append(version)
            yield export_rows.version_row(version)

    def _artifact(self, archive: TransferWriter, version: Version) -> None:
        self.progress.report(0, 0, "Writing versions")
        for name in ARTIFACT_FILES:
            with storage.open(f"{version.artifact}/{name}") as file:
                archive.write(f"versions/{version.pk}/{name}", _chunks(file))


def _small_enough(batch: list[Image]) -> Iterator[list[Image]]:
    """Split a batch so that the metadata of each part fits into one pack."""
    part: list[Image] = []
    size = 0
    for image in batch:
        # An importer holds a pack's rows in memory, and the size of metadata is not limited.
        more = len(orjson.dumps(image.meta_data))
        if part and size + more > PACK_META_DATA:
            yield part
            part, size = [], 0
        part.append(image)
        size += more
    if part:
        yield part


def _has_files(version: Version) -> bool:
    return all(storage.exists(f"{version.artifact}/{name}") for name in ARTIFACT_FILES)


def _path(image: Image) -> str:
    return paths.image(image.workspace_id, image.pk, image.extension)


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
