"""Acts on uploads, archives and jobs: what is there before, then the act."""

import io
from collections.abc import Callable
from typing import Any

from accounts.verbs import Verb
from dashboard.models import Job, Transfer
from dashboard.queries.journal.changes import find_change
from dashboard.services.exchange.transfers import delete_transfer, start_export
from dashboard.services.jobs.retries import retry_job
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.journal.undoing import undo_change
from dashboard.services.uploads import receiving, uploads
from dashboard.services.uploads.receiving_end import finish_receiving
from dashboard.services.uploads.undo import undo_upload
from tests import factories as make
from tests.factories import Cast
from tests.services.uploads.uploaded import SHOES, committed, planned, ran, received, zipped

Act = Callable[[], object]


def _job(cast: Cast, **fields: Any) -> Any:
    return make.make_job(cast.workspace, **fields)


def _upload(cast: Cast) -> Any:
    return received(cast, {"shoes.zip": zipped(SHOES)})


def _imported(cast: Cast) -> Any:
    upload = _upload(cast)
    planned(upload)
    committed(upload)
    return upload


def export(cast: Cast) -> Act:
    return lambda: start_export(workspace=cast.workspace, actor=cast.alice)


def delete_export(cast: Cast) -> Act:
    transfer, job = start_export(workspace=cast.workspace, actor=cast.alice)
    ran(job)
    found = Transfer.objects.get(pk=transfer.pk)
    return lambda: delete_transfer(transfer=found, actor=cast.alice)


def cancel(cast: Cast) -> Act:
    job = _job(cast, subject_id=_upload(cast).pk)
    return lambda: cancel_job(job=job, actor=cast.bob)


def retry(cast: Cast) -> Act:
    upload = _imported(cast)
    job = undo_upload(upload=upload, actor=cast.bob)
    cancel_job(job=job, actor=cast.bob)
    return lambda: retry_job(job=Job.objects.get(pk=job.pk), actor=cast.bob)


def send_files(cast: Cast) -> Act:
    upload = _upload(cast)
    upload.auto_commit = True
    upload.save()
    return lambda: finish_receiving(upload=upload, actor=cast.bob)


def start_upload(cast: Cast) -> Act:
    data = make.drawn_jpeg()
    file = uploads.SentFile("1.jpg", len(data), io.BytesIO(data))
    return lambda: uploads.start_upload(
        workspace=cast.workspace, files=[file], similarity_type=None, actor=cast.bob
    )


def commit(cast: Cast) -> Act:
    upload = _upload(cast)
    planned(upload)
    return lambda: uploads.commit_upload(upload=upload, actor=cast.bob)


def discard(cast: Cast) -> Act:
    upload = _upload(cast)
    return lambda: receiving.discard_upload(upload=upload, actor=cast.bob)


def undo(cast: Cast) -> Act:
    """The change is told by the job, with the last rows that it takes back."""
    upload = _imported(cast)
    job = undo_upload(upload=upload, actor=cast.bob)
    return lambda: ran(job)


def undo_by_change(cast: Cast) -> Act:
    upload = _imported(cast)
    job = undo_change(change=find_change(cast.workspace, upload.pk, Verb.UPLOADED), actor=cast.bob)
    assert job is not None
    return lambda: ran(job)


ACTS: dict[str, Callable[[Cast], Act]] = {
    "exchange.transfers.delete_transfer": delete_export,
    "exchange.transfers.start_export": export,
    "jobs.subject_end.cancel_job": cancel,
    "jobs.retries.retry_job": retry,
    "journal.undoing.undo_change": undo_by_change,
    "uploads.receiving.discard_upload": discard,
    "uploads.receiving_end.finish_receiving": send_files,
    "uploads.undo.undo_upload": undo,
    "uploads.uploads.commit_upload": commit,
    "uploads.uploads.start_upload": start_upload,
}
