"""Receive uploads piece by piece, so that nothing is lost and nothing is sent twice.

Every piece is an object of the storage and a row, and the part counts it in the same transaction:
the next request, on any machine, continues where the last one stopped.
"""

import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import IO, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.journal import record
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.files.images import kinds
from dashboard.files.store import chunks, paths, room, storage
from dashboard.files.store.chunks import Checksum, Incoming
from dashboard.models import SimilarityType, Task, Upload, UploadChunk, UploadPart
from dashboard.queries.uploads.receiving import (
    abandoned_uploads,
    forgotten_chunks,
    missing_parts,
    offset,
)
from dashboard.services.uploads.errors import NoHash, NotReceiving, OffsetTaken, PartTooLarge
from dashboard.services.uploads.receiving_names import NewPart, name_parts
from dashboard.services.uploads.rollback import removed_on_rollback
from dashboard.services.workspaces.usage import let_go

FORGOTTEN_AT_ONCE: Final = 500
# See `_count`; far less than the days for which uploads are kept.
_TOUCHED: Final = timedelta(minutes=10)
_HASH: Final = re.compile("[0-9a-f]{64}")
_OPEN: Final = (Upload.Stage.RECEIVING, Upload.Stage.PLANNED)


def open_upload(
    *,
    workspace: Workspace,
    purpose: str = Upload.Purpose.IMAGES,
    similarity_type: SimilarityType | None = None,
    new_type_name: str = "",
    auto_commit: bool = False,
    then_train: Task | None = None,
    expected: int = 0,
    name: str,
    actor: User,
) -> Upload:
    """Begin an upload. The activity log does not show it until it is complete.

    `expected` is the least number of files that will be registered, so that a browser that
    continues it elsewhere knows when all are.
    """
    room.refuse_if_low()
    return Upload.objects.create(
        workspace=workspace,
        created_by=actor,
        purpose=purpose,
        similarity_type=similarity_type,
        new_type_name=new_type_name.strip(),
        auto_commit=auto_commit,
        then_train=then_train,
        expected=expected,
        name=name[:255] or "files",
    )


def register_part(
    *,
    upload: Upload,
    name: str,
    size: int,
    kind: str | None = None,
    sha256: str = "",
    similarity_type: SimilarityType | None = None,
    actor: User,
) -> UploadPart:
    """Register one file that will be sent; see `register_parts`."""
    new = NewPart(name, size, sha256, kind, similarity_type)
    return register_parts(upload=upload, parts=[new], actor=actor)[0]


@transaction.atomic
def register_parts(*, upload: Upload, parts: Sequence[NewPart], actor: User) -> list[UploadPart]:  # noqa: ARG001
    """Register files in this order; those that the workspace has are known and not sent.

    A client that got no answer may register the same files again; see `name_parts`. An upload with
    a finished dry run is open again. Raises `NotReceiving`, `NoHash`, `PartTooLarge`,
    `TooManyParts` and `QuotaReached`; then none of them is registered.
    """
    # Locked, so that numbers are assigned once and nobody finishes the upload meanwhile.
    row = Upload.objects.select_for_update().get(pk=upload.pk)
    if row.stage not in _OPEN:
        raise NotReceiving(row)
    for part in parts:
        if part.sha256 and not _HASH.fullmatch(part.sha256):
            raise NoHash(part.sha256)
        if part.size > settings.LIKEWISE_MAX_UPLOAD:
            raise PartTooLarge(part.name, settings.LIKEWISE_MAX_UPLOAD)
    named = name_parts(row, parts)
    upload.stage = row.stage = Upload.Stage.RECEIVING
    row.save(update_fields=["stage", "modified"])
    upload.modified = row.modified
    return named


def append(
    *,
    part: UploadPart,
    stream: IO[bytes],
    start: int,
    length: int,
    checksum: Checksum | None = None,
) -> int:
    """Append `length` bytes at `start`; return the offset of the next ones.

    A broken connection keeps the bytes received until then. Of two requests with the same bytes one
    succeeds; the other gets `OffsetTaken` and leaves nothing behind. Raises `NotReceiving`,
    `PartTooLarge`, and `ChecksumMismatch` with a `checksum`, which covers at most one object's
    bytes.
    """
    _may_append(part, start, length)
    incoming = Incoming(stream, length)
    if part.kind == UploadPart.Kind.PICTURE and start == 0:
        part.kind = kinds.kind_of(part.name, incoming.peek()[: kinds.HEAD])
    while incoming.peek():
        start = _append_chunk(part, start, incoming, checksum)
    return start


def _may_append(part: UploadPart, start: int, length: int) -> None:
    room.refuse_if_low()
    if part.upload.stage != Upload.Stage.RECEIVING or not (part.path or part.known):
        raise NotReceiving(part.upload)
    # Checked without a lock, to refuse before the body is read; `_count` decides.
    if start != offset(part):
        raise OffsetTaken(offset(part))
    if start + length > part.size:
        raise PartTooLarge(part.name, part.size)


def _append_chunk(
    part: UploadPart, start: int, incoming: Incoming, checksum: Checksum | None
) -> int:
    # A name of its own for each attempt: of two requests with the same bytes, the loser deletes
    # only its own object.
    path = paths.upload_chunk(part.path, start, uuid.uuid4().hex[:12])
    # The bytes before the row: a row always has its bytes, whenever the program dies.
    size = chunks.write(path, incoming, checksum)
    with removed_on_rollback(partial(storage.delete, path)):
        _count(part, UploadChunk(part=part, start=start, size=size, path=path))
    part.received = start + size
    return part.received


@transaction.atomic
def _count(part: UploadPart, chunk: UploadChunk) -> None:
    """Write a chunk's row if the part still expects exactly these bytes."""
    # Without a join, so that PostgreSQL checks the row again if another request was faster.
    waiting = UploadPart.objects.filter(pk=part.pk, received=chunk.start).exclude(path="")
    if not waiting.update(received=chunk.start + chunk.size, kind=part.kind):
        raise OffsetTaken(_received(part))
    # After the UPDATE, which locks the part's row: of two concurrent requests one gets no row.
    chunk.save(force_insert=True)
    now = timezone.now()
    # Rarely, or all requests that send parts of one upload would wait for each other.
    stale = Upload.objects.filter(pk=part.upload_id, modified__lt=now - _TOUCHED)
    if stale.update(modified=now):
        part.upload.modified = now


def _received(part: UploadPart) -> int | None:
    """Return how many bytes of a part are stored, or None if no more are expected."""
    rows = UploadPart.objects.filter(pk=part.pk).exclude(path="")
    return rows.values_list("received", flat=True).first()


def withdraw_part(*, part: UploadPart, actor: User) -> None:  # noqa: ARG001
    """Remove a registered file, sent or not. Raises `NotReceiving`."""
    with transaction.atomic():
        row = Upload.objects.select_for_update().get(pk=part.upload_id)
        if row.stage not in _OPEN:
            raise NotReceiving(row)
        row.stage = Upload.Stage.RECEIVING
        row.expected = max(0, row.expected - _give_up(row, [part]))
        row.save(update_fields=["stage", "expected", "modified"])
    _withdraw([part])


def withdraw_missing(*, upload: Upload, actor: User) -> int:  # noqa: ARG001
    """Remove all files that are not fully uploaded; return how many.

    A finished upload has no missing files.
    """
    with transaction.atomic():
        row = Upload.objects.select_for_update().get(pk=upload.pk)
        if row.stage != Upload.Stage.RECEIVING:
            return 0
        # Locked, so that a part that is being completed right now is read after that.
        parts = list(missing_parts(row).select_for_update())
        row.save(update_fields=["modified"])
        _give_up(row, parts)
    _withdraw(parts)
    return len(parts)


def _withdraw(parts: Sequence[UploadPart]) -> None:
    # After the commit: the parts have no path any more, so no more bytes are accepted for them.
    _forget(parts)
    for some in _slices(parts):
        UploadPart.objects.filter(pk__in=[part.pk for part in some]).delete()


def discard_upload(*, upload: Upload, actor: User) -> None:
    """Discard an upload that was not imported: its rows and its files.

    Raises `NotReceiving`. After a kill the sweep deletes the rest.
    """
    with transaction.atomic():
        row = Upload.objects.select_for_update().get(pk=upload.pk)
        if row.stage not in _OPEN:
            raise NotReceiving(row)
        count = row.parts.count()
        record(
            workspace=row.workspace,
            verb=Verb.DISCARDED,
            noun="upload",
            target_id=row.id,
            target_name=row.name,
            details={"parts": count},
            actor=actor,
        )
        let_go(row.workspace_id, row.parts.all())
    _remove(row)


def forget_bytes(upload: Upload) -> int:
    """Delete the uploaded bytes of an upload; return of how many parts.

    The parts lose their paths first, then the objects are deleted, then their rows: a kill in
    between leaves no object without a row.
    """
    parts = list(upload.parts.exclude(path=""))
    forget_parts(upload, parts)
    storage.delete_all(paths.upload(upload.workspace_id, upload.id))
    return len(parts)


def forget_parts(upload: Upload, parts: Sequence[UploadPart]) -> None:
    """Delete the bytes of some parts of an upload."""
    _give_up(upload, parts)
    _forget(parts)


def _give_up(upload: Upload, parts: Sequence[UploadPart]) -> int:
    """Accept no more bytes for some parts; return how many had a path until now."""
    return sum(
        let_go(upload.workspace_id, UploadPart.objects.filter(pk__in=[part.pk for part in some]))
        for some in _slices(parts)
    )


def _forget(parts: Sequence[UploadPart]) -> None:
    for some in _slices(parts):
        _remove_chunks(list(UploadChunk.objects.filter(part__in=some)))


def _slices(parts: Sequence[UploadPart]) -> Iterator[Sequence[UploadPart]]:
    for first in range(0, len(parts), FORGOTTEN_AT_ONCE):
        yield parts[first : first + FORGOTTEN_AT_ONCE]


def _remove_chunks(rows: Sequence[UploadChunk]) -> None:
    for row in rows:
        # The object before its row: a kill in between leaves a row by which the sweep finds it.
        storage.delete(row.path)
    UploadChunk.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _remove(upload: Upload) -> None:
    _forget(list(upload.parts.all()))
    storage.delete_all(paths.upload(upload.workspace_id, upload.id))
    upload.delete()


def forget_abandoned() -> int:
    """Delete abandoned uploads and what a kill left behind; return how many uploads."""
    while rows := forgotten_chunks(FORGOTTEN_AT_ONCE):
        _remove_chunks(rows)
    count = 0
    for upload in abandoned_uploads(timezone.now()):
        with transaction.atomic():
            row = Upload.objects.select_for_update().filter(pk=upload.pk).first()
            # Checked again under the lock: bytes may have been received since the list was read.
            if row is None or row.modified != upload.modified:
                continue
            let_go(row.workspace_id, row.parts.all())
        _remove(upload)
        count += 1
    return count
