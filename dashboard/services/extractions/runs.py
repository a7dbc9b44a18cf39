"""Describe many images and keep the result as a file: complete, or absent."""

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
    """Images that are described, wherever they are."""

    def look(self) -> None:
        """Let the encoder look at those that it has not seen."""

    def count(self) -> int:
        """Count those that have a descriptor."""

    def failed(self) -> int:
        """Count those that have none."""

    def rows(self, total: int) -> Iterator[Described]:
        """Yield the descriptors."""

    def close(self) -> None:
        """Let go of what is not needed once the result is kept."""


def run_extraction(*, extraction_id: UUID, handle: jobs.Handle) -> str:
    """Compute what is missing, then write the file aside and store it whole.

    A second run after a kill computes only what the first one had not, and writes again.
    """
    extraction = Extraction.objects.select_related("version__task", "workspace").get(
        pk=extraction_id
    )
    kind = SentPictures if extraction.upload_id else StoredImages
    source: Source = kind(extraction, handle)
    if not extraction.path:  # else it was killed after the file, before the job ended
        room.refuse_if_low()
        source.look()
        _write(extraction, source, handle)
    # Only now, when the result is named by a row: until then another try needs the source.
    source.close()
    failed = source.failed()
    described = f"{counted(extraction.count, 'embedding')} computed"
    return f"{described}, {failed:,} failed." if failed else f"{described}."


def _write(extraction: Extraction, source: Source, handle: jobs.Handle) -> None:
    path = paths.extraction(extraction.workspace_id, extraction.id, extraction.format)
    # Written here and stored whole: a bucket has no appending, and a reader sees all or nothing.
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as aside:
        local = Path(aside, "result")
        count = _write_aside(local, extraction, source)
        size = local.stat().st_size
        with local.open("rb") as file:
            storage.write_stream(path, file, limit=size)
    with transaction.atomic():
        # `report` holds the job's row and checks the lease: of two workers only the owner saves.
        handle.report(total=count, done=count, fraction=1.0)
        extraction.path, extraction.size, extraction.count = path, size, count
        extraction.save(update_fields=["path", "size", "count", "modified"])


def _write_aside(local: Path, extraction: Extraction, source: Source) -> int:
    """Write the table; again if images came or went while it was written."""
    # The header of a table names its number of rows before the first row is written.
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
