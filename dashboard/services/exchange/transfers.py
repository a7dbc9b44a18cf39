"""Start, retry and delete exports and imports of workspaces."""

from functools import partial
from pathlib import Path
from uuid import UUID

from django.db import transaction

from accounts.journal import record
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.files.store import paths, room, storage
from dashboard.models import Job, Transfer, Upload, UploadPart
from dashboard.services.jobs import jobs
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.uploads.receiving import (
    append,
    discard_upload,
    forget_bytes,
    open_upload,
    register_part,
)
from dashboard.services.uploads.receiving_end import finish_receiving
from dashboard.services.workspaces.usage import refuse_if_results_full

Direction = Transfer.Direction
_ARCHIVE = UploadPart.Kind.ARCHIVE


@transaction.atomic
def start_export(*, workspace: Workspace, actor: User) -> tuple[Transfer, Job]:
    """Queue the export of a workspace into one archive. Raises `QuotaReached`."""
    room.refuse_if_low()
    refuse_if_results_full(workspace)
    transfer = Transfer.objects.create(
        workspace=workspace, direction=Direction.EXPORT, created_by=actor
    )
    _tell(Verb.STARTED_EXPORTING, transfer, workspace.name, actor)
    return transfer, _enqueue(transfer, actor)


def open_import(*, workspace: Workspace, name: str, actor: User) -> Transfer:
    """Begin an import: its archive is the only file of its upload.

    When that is complete, `finish_receiving` queues the import.
    """
    return Transfer.objects.get(upload=_open(workspace, name, actor))


@transaction.atomic
def _open(workspace: Workspace, name: str, actor: User) -> Upload:
    upload = open_upload(
        workspace=workspace, purpose=Upload.Purpose.WORKSPACE, name=name, actor=actor
    )
    Transfer.objects.create(
        workspace=workspace, direction=Direction.IMPORT, upload=upload, created_by=actor
    )
    return upload


def send_archive(*, workspace: Workspace, file: Path, actor: User) -> Job:
    """Read an archive of this machine and queue its import.

    Raises `OSError` and the errors of uploads; then nothing of it is kept.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        upload = _open(workspace, file.name, actor)
        try:
            part = register_part(
                upload=upload, name=file.name, size=size, kind=_ARCHIVE, actor=actor
            )
            append(part=part, stream=stream, start=0, length=size)
            return finish_receiving(upload=upload, actor=actor)
        # Also for Ctrl-C at the command line: a half-read archive would be kept for days.
        except BaseException:
            discard_upload(upload=upload, actor=actor)
            raise


def retry_transfer(*, transfer: Transfer, actor: User) -> Job:
    """Queue an export that wrote no file, or an import that did not complete, again."""
    return _enqueue(transfer, actor)


def _enqueue(transfer: Transfer, actor: User) -> Job:
    goes_out = transfer.direction == Direction.EXPORT
    return enqueue(
        workspace=transfer.workspace,
        kind=Job.Kind.EXPORT if goes_out else Job.Kind.IMPORT,
        title=f"Export of {transfer.workspace}" if goes_out else f"Import of {transfer.upload}",
        subject_id=transfer.id,
        actor=actor,
    )


@transaction.atomic
def delete_transfer(*, transfer: Transfer, actor: User) -> None:
    """Delete an exported archive, or the uploaded file of an import; imported data is kept."""
    upload = transfer.upload
    jobs.drop(subject_ids=[transfer.id])
    _tell(Verb.DELETED, transfer, str(upload or transfer.workspace), actor)
    path = paths.transfer(transfer.workspace_id, transfer.id)
    # After the commit: a rollback restores rows, but no file.
    transaction.on_commit(partial(storage.delete, path))
    transfer.delete()
    if upload is not None:
        # Not in this transaction: deleting the bytes of a large upload takes longer than locks may.
        transaction.on_commit(partial(_remove_upload, upload))


def _remove_upload(upload: Upload) -> None:
    forget_bytes(upload)
    upload.delete()


def close_transfer(*, transfer_id: UUID) -> None:
    """Delete what an export that did not succeed may have stored."""
    transfer = Transfer.objects.get(pk=transfer_id)
    if transfer.direction == Direction.EXPORT and not transfer.path:
        storage.delete(paths.transfer(transfer.workspace_id, transfer.id))


def _tell(verb: Verb, transfer: Transfer, name: str, actor: User) -> None:
    record(
        workspace=transfer.workspace,
        verb=verb,
        noun="workspace" if verb.startswith("started") else transfer.direction,
        target_id=transfer.id,
        target_name=name,
        actor=actor,
    )
