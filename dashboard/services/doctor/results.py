"""Check files that jobs wrote or read: extractions, exports, images of asynchronous requests."""

from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.db.models import Model

from dashboard.files.store import storage
from dashboard.files.store.entries import Entry
from dashboard.models import AsyncRequest, Extraction, Job, Transfer
from dashboard.queries.doctor.doctor import in_pages, is_worked_on, side_by_side
from dashboard.services.doctor.round import Finding, Round


def extractions(round_: Round, workspace_id: UUID, entries: Iterator[Entry]) -> Iterator[Finding]:
    """Compare the files of extractions with their rows."""
    return _results(round_, "extraction", Extraction, workspace_id, entries)


def transfers(round_: Round, workspace_id: UUID, entries: Iterator[Entry]) -> Iterator[Finding]:
    """Compare exported archives with their rows."""
    return _results(round_, "export", Transfer, workspace_id, entries)


def requests(round_: Round, workspace_id: UUID, entries: Iterator[Entry]) -> Iterator[Finding]:
    """Find images of asynchronous requests that have ended or were never recorded."""
    for entry in entries:
        finding = round_.orphan("request", workspace_id, entry, partial(_is_open, entry))
        if finding is not None:
            yield finding


def _is_open(entry: Entry) -> bool:
    request_id = _id_of(entry)
    if request_id is None:
        return False
    rows = AsyncRequest.objects.filter(pk=request_id).exclude(job__state__in=Job.FINISHED)
    return rows.exists()


def _results(
    round_: Round, noun: str, model: type[Model], workspace_id: UUID, entries: Iterator[Entry]
) -> Iterator[Finding]:
    rows: Any = model._default_manager.filter(workspace=workspace_id).exclude(path="")
    wanted = ((row.path, row) for row in in_pages(rows))
    for entry, row in side_by_side(entries, wanted):
        if entry is not None and row is None:
            finding = _orphan(round_, noun, rows, workspace_id, entry)
        elif entry is None and row is not None:
            finding = _lost(round_, noun, rows, row)
        else:
            continue
        if finding is not None:
            yield finding


def _orphan(
    round_: Round, noun: str, rows: Any, workspace_id: UUID, entry: Entry
) -> Finding | None:
    def is_wanted() -> bool:
        subject = _id_of(entry)
        # A job stores its file before its row names it.
        about_to_be = subject is not None and is_worked_on(subject)
        return about_to_be or rows.filter(path=entry.name, pk=subject).exists()

    return round_.orphan(noun, workspace_id, entry, is_wanted)


def _lost(round_: Round, noun: str, rows: Any, row: Any) -> Finding | None:
    """Report a result whose file is missing, so that it can be requested again."""
    still = rows.filter(pk=row.pk, path=row.path, modified__lt=round_.before)
    if not still.exists() or storage.exists(row.path):
        return None
    if round_.mend:
        # An empty path means that the result was not written, which allows a retry.
        still.update(path="", size=0)
    sentence = "Its file is missing. It can no longer be downloaded; start it again."
    return Finding(noun, str(row.pk), sentence, mended=round_.mend)


def _id_of(entry: Entry) -> UUID | None:
    try:
        return UUID(PurePosixPath(entry.name).stem)
    except ValueError:
        return None
