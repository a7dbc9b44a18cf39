"""End the work on things that are deleted, in the transaction that deletes them."""

from collections.abc import Iterable
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from dashboard.files.store import paths, storage
from dashboard.models import AsyncRequest, Extraction, Fill
from dashboard.services.jobs import jobs


def drop_extractions(extractions: QuerySet[Extraction]) -> None:
    """End the work on extractions that are deleted, and delete their files after the commit."""
    rows = list(extractions)
    jobs.drop(subject_ids=[row.id for row in rows])
    for row in rows:
        # After the commit: if the transaction fails, the row still needs its file. A kill in
        # between leaves a file without a row, which the doctor deletes.
        path = paths.extraction(row.workspace_id, row.id, row.format)
        transaction.on_commit(partial(storage.delete, path))


def drop_fills(fills: QuerySet[Fill]) -> None:
    """End the work of fills that are deleted with their group or type."""
    jobs.drop(subject_ids=list(fills.values_list("pk", flat=True)))


def drop_requests(requests: Iterable[AsyncRequest]) -> None:
    """End the work on requests that cannot continue, and delete their images after the commit."""
    rows = list(requests)
    jobs.drop(subject_ids=[row.id for row in rows])
    for row in rows:
        path = paths.async_pictures(row.workspace_id, row.id)
        transaction.on_commit(partial(storage.delete, path))
