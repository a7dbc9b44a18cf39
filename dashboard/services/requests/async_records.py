"""Process the records of an asynchronous request in batches; a kill loses none."""

from __future__ import annotations  # Django's File is generic for type checkers only

from collections.abc import Callable
from contextlib import ExitStack
from uuid import UUID

from django.core.files import File
from django.db import transaction

from dashboard.files.errors import FileRefused
from dashboard.files.store import paths, storage
from dashboard.models import AsyncRecord, AsyncRequest
from dashboard.models.bulk import update_rows
from dashboard.queries.requests.async_requests import counts, waiting_records
from dashboard.services.errors import NoSuchVersion
from dashboard.services.jobs import jobs
from dashboard.services.training.descriptors import AT_ONCE, Source, describe_sources

Status = AsyncRecord.Status
WRITTEN = ["status", "refusal", "reason", "width", "height", "vector", "image"]

# Does the slow part of a batch and returns what is left to do inside its transaction.
Look = Callable[[list[AsyncRecord], list[Source]], Callable[[], None]]


def run_descriptors(*, request_id: UUID, handle: jobs.Handle) -> str:
    """Compute the descriptor of every waiting record; return a sentence about the outcome.

    Raises `NoSuchVersion` if the version was deleted meanwhile.
    """
    request = request_to_do(request_id)
    version = request.version
    if version is None:
        raise NoSuchVersion(request.version_number or 0)

    def look(rows: list[AsyncRecord], sources: list[Source]) -> Callable[[], None]:
        results = describe_sources(version=version, sources=sources)
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, FileRefused):
                fail(row, result)
                continue
            vector, row.width, row.height = result
            row.vector, row.status = vector.astype("<f4").tobytes(), Status.DONE
        return lambda: None

    return work_off(request, handle, look)


def request_to_do(request_id: UUID) -> AsyncRequest:
    """Return a request with the related rows that its processing needs."""
    related = ("workspace", "version", "created_by")
    return AsyncRequest.objects.select_related(*related).get(pk=request_id)


def work_off(request: AsyncRequest, handle: jobs.Handle, look: Look) -> str:
    """Process the waiting records in batches, one transaction each, guarded by the job's lease."""
    _report(request, handle)
    with _Pictures(request) as sent:
        # Queried each time: records that an earlier worker finished are no longer WAITING.
        while rows := list(waiting_records(request)[:AT_ONCE]):
            # Fetch and decode before the transaction, which can then be short.
            finish = look(rows, [sent.source(row) for row in rows])
            with transaction.atomic():
                finish()
                update_rows(rows, WRITTEN)
                _report(request, handle)
            handle.check()
    # After the last batch is committed: another attempt would read the images.
    close_request(request_id=request.id)
    found = counts([request])[request.id]
    return f"{found[Status.DONE] + found[Status.KNOWN]:,} done, {found[Status.FAILED]:,} failed."


class _Pictures(ExitStack):
    """The images of a request's records; the file of uploaded images stays open."""

    def __init__(self, request: AsyncRequest) -> None:
        super().__init__()
        self._path = paths.async_pictures(request.workspace_id, request.id)
        self._file: File[bytes] | None = None

    def source(self, row: AsyncRecord) -> Source:
        """Return a record's URL or bytes."""
        if row.url:
            return row.url
        if not row.size:  # an empty image, for which there may be no file
            return b""
        # Opened when first needed: a request that has only URLs has no file.
        if self._file is None:
            self._file = self.enter_context(storage.open(self._path))
        self._file.seek(row.offset)
        data: bytes = self._file.read(row.size)
        return data


def fail(row: AsyncRecord, refusal: FileRefused) -> None:
    """Fail this record with its reason; the others continue."""
    row.status, row.refusal, row.reason = Status.FAILED, type(refusal).__name__, refusal.reason


def _report(request: AsyncRequest, handle: jobs.Handle) -> None:
    found = counts([request])[request.id]
    total, waiting = sum(found.values()), found[Status.WAITING]
    handle.report(
        step="Processing the records",
        total=total,
        done=found[Status.DONE],
        skipped=found[Status.KNOWN],
        failed=found[Status.FAILED],
        fraction=(total - waiting) / total if total else 0,
    )


def close_request(*, request_id: UUID) -> None:
    """Delete the uploaded images of a request, which are no longer needed."""
    request = AsyncRequest.objects.get(pk=request_id)
    storage.delete(paths.async_pictures(request.workspace_id, request.id))
