"""How long the bytes of an upload stay as they were sent."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.files.store import storage
from dashboard.models import Job, Transfer, Upload, UploadPart
from dashboard.services.uploads import bytes as upload_bytes
from dashboard.services.uploads.bytes import forget_uploads
from tests.extractions import make_extraction
from tests.factories import Cast, make_job, make_task, make_upload, make_version
from tests.services.uploads.uploaded import add_part


def old(cast: Cast, **fields: Any) -> UploadPart:
    upload = make_upload(cast.workspace, **fields)
    part = add_part(upload, "a.zip", b"its bytes")
    Upload.objects.filter(pk=upload.pk).update(modified=timezone.now() - timedelta(days=8))
    return part


def is_here(part: UploadPart) -> bool:
    row = UploadPart.objects.get(pk=part.pk)
    assert bool(row.path) == bool(list(storage.names(part.path))) == row.chunks.exists()
    return bool(row.path)


def test_it_works(cast: Cast) -> None:
    part, other = old(cast), old(cast, stage="undone")
    fresh = add_part(make_upload(cast.workspace), "a.zip", b"its bytes")
    assert forget_uploads() == 2
    assert [is_here(one) for one in (part, other, fresh)] == [False, False, True]
    assert forget_uploads() == 0


@pytest.mark.parametrize("stage", ["receiving", "planning", "planned"])
def test_what_may_still_be_brought_in_stays_whole(cast: Cast, stage: str) -> None:
    part = old(cast, stage=stage, committed=None)
    assert (forget_uploads(), is_here(part)) == (0, True)


def test_what_a_job_needs_stays(cast: Cast) -> None:
    part = old(cast)
    make_job(cast.workspace, subject_id=part.upload_id)
    assert (forget_uploads(), is_here(part)) == (0, True)


def test_what_an_import_or_an_extraction_waits_with_stays(cast: Cast) -> None:
    """Their jobs are not about the upload itself, and may wait long for a worker."""
    parts = [old(cast), old(cast)]
    version = make_version(make_task(cast.workspace))
    made = {"workspace": cast.workspace, "upload_id": parts[0].upload_id}
    subjects = [
        Transfer.objects.create(direction=Transfer.Direction.IMPORT, **made),
        make_extraction(version, upload_id=parts[1].upload_id),
    ]
    for one in subjects:
        make_job(cast.workspace, subject_id=one.pk)
    assert (forget_uploads(), *map(is_here, parts)) == (0, True, True)
    Job.objects.update(state="done", finished=timezone.now())
    assert (forget_uploads(), *map(is_here, parts)) == (2, False, False)


def test_what_is_tried_again_in_this_moment_stays(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = old(cast)
    real: Callable[[Any], Any] = upload_bytes.lock_all

    def somebody_is_faster(rows: Any) -> Any:
        make_job(cast.workspace, subject_id=part.upload_id)
        return real(rows)

    monkeypatch.setattr(upload_bytes, "lock_all", somebody_is_faster)
    assert (forget_uploads(), is_here(part)) == (0, True)


def test_it_is_kept_for_as_long_as_it_is_said(cast: Cast) -> None:
    part = old(cast)
    later: datetime = timezone.now() - timedelta(days=6)
    Upload.objects.update(modified=later)
    assert (forget_uploads(), is_here(part)) == (0, True)
