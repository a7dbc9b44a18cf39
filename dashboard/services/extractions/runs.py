"""Compute the descriptors of many images and store them as a file that is complete or absent."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.words import counted
from dashboard.files.store import paths, room, storage
from dashboard.files.tables.tables import Described, Header, write_table
from dashboard.models import Extraction
from dashboard.services.extractions.images import StoredImages
from dashboard.services.extractions.sent import SentPictures
from dashboard.services.jobs import jobs


class Source(Protocol):
    """The images of an extraction, wherever they are stored."""

    def look(self) -> None:
        """Compute the features of images that lack them."""

    def count(self) -> int:
        """Return the number of images with a descriptor."""

    def failed(self) -> int:
        """Return the number of images without one."""

    def rows(self, total: int) -> Iterator[Described]:
        """Yield the descriptors; `total` is their number."""

    def close(self) -> None:
        """Delete what is not needed once the result is stored."""


def run_extraction(*, extraction_id: UUID, handle: jobs.Handle) -> str:
    """Compute missing features, then write a temporary file and store it as a whole.

    A run after a kill computes only the features that are still missing, and writes the file again.
    """
    extraction = Extraction.objects.select_related("version__task", "workspace").get(
        pk=extraction_id
    )
    kind = SentPictures if extraction.upload_id else StoredImages
    source: Source = kind(extraction, handle)
    if not extraction.path:  # else: killed after the file was stored, before the job ended
        room.refuse_if_low()
        source.look()
        _write(extraction, source, handle)
    # Only now that a row names the result: until then another attempt needs the source.
    source.close()
    failed = source.failed()
    described = f"{counted(extraction.count, 'embedding')} computed"
    return f"{described}, {failed:,} failed." if failed else f"{described}."


def _write(extraction: Extraction, source: Source, handle: jobs.Handle) -> None:
    path = paths.extraction(extraction.workspace_id, extraction.id, extraction.format)
    # Written locally and stored as a whole: a bucket cannot append, and a reader sees all or
    # nothing.
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as aside:
        local = Path(aside, "result")
        count = _write_aside(local, extraction, source)
        size = local.stat().st_size
        with local.open("rb") as file:
            storage.write_stream(path, file, limit=size)
    with transaction.atomic():
        # `report` locks the job's row and checks the lease: of two workers only the owner saves.
        handle.report(total=count, done=count, fraction=1.0)
        extraction.path, extraction.size, extraction.count = path, size, count
        extraction.save(update_fields=["path", "size", "count", "modified"])


def _write_aside(local: Path, extraction: Extraction, source: Source) -> int:
    """Write the table; write it again if images were added or deleted meanwhile."""
    # The header of a table has the number of rows and is written before the first row.
    count = source.count()
    while (
        written := write_table(
            local,
            extraction.format,
            _header(extraction, count, source.failed()),
            source.rows(count),
        )
    ) != count:
        count = written
    return count


def _header(extraction: Extraction, count: int, failed: int) -> Header:
    version = extraction.version
    return Header(
        task=str(version.task_id),
        task_name=version.task.name,
        version=version.number,
        dimension=version.dimension or 0,
        encoder=version.encoder,
        count=count,
        failed=failed,
    )
