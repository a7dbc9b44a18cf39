"""Describe many pictures and keep the result as a file: complete, or absent."""

import tempfile
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from dashboard.files import paths, storage
from dashboard.files.tables import Header, write_table
from dashboard.models import Extraction
from dashboard.services import jobs
from dashboard.services.extraction_images import StoredImages


def run_extraction(*, extraction_id: UUID, handle: jobs.Handle) -> str:
    """Compute what is missing, then write the file aside and store it whole.

    A second run after a kill computes only what the first one had not, and writes anew.
    """
    extraction = Extraction.objects.select_related("version__task", "workspace").get(
        pk=extraction_id
    )
    source = StoredImages(extraction, handle)
    if not extraction.path:  # else it was killed after the file, before the job ended
        source.look()
        _write(extraction, source, handle)
    return f"{extraction.count:,} images described."


def _write(extraction: Extraction, source: StoredImages, handle: jobs.Handle) -> None:
    path = paths.extraction(extraction.workspace_id, extraction.id, extraction.format)
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as aside:
        local = Path(aside, "result")
        count = _write_aside(local, extraction, source)
        size = local.stat().st_size
        with local.open("rb") as file:
            storage.write_stream(path, file, limit=size)
    with transaction.atomic():
        handle.report(total=count, done=count, fraction=1.0)
        extraction.path, extraction.size, extraction.count = path, size, count
        extraction.save(update_fields=["path", "size", "count", "modified"])


def _write_aside(local: Path, extraction: Extraction, source: StoredImages) -> int:
    """Write the table; once more if images came or went while it was written."""
    count = source.count()
    while (
        written := write_table(
            local, extraction.format, _header(extraction, count), source.rows(count)
        )
    ) != count:
        count = written
    return count


def _header(extraction: Extraction, count: int) -> Header:
    version = extraction.version
    return Header(
        task=str(version.task_id),
        task_name=version.task.name,
        version=version.number,
        dimension=version.dimension or 0,
        encoder=version.encoder,
        count=count,
    )
