"""What the doctor finds, and how a test asks it."""

from django.db import transaction

from accounts.models import Workspace
from dashboard.files.store import paths, storage
from dashboard.models import (
    UploadChunk,
    UploadPart,
)
from dashboard.services.doctor.doctor import examine
from dashboard.services.doctor.round import Finding
from dashboard.services.workspaces.usage import count_named
from tests.factories import (
    make_upload,
)


def found(*, mend: bool = False, older_than: float = 0) -> list[tuple[str, bool]]:
    return [(finding.noun, finding.mended) for finding in everything(mend, older_than)]


def everything(mend: bool = False, older_than: float = 0) -> list[Finding]:
    return [*examine(mend=mend, older_than=older_than)]


def names() -> set[str]:
    return {entry.name for entry in storage.entries()}


def mended_once(noun: str) -> None:
    """See that it is found, mended, and found no more."""
    assert found() == [(noun, False)]
    assert found(mend=True) == [(noun, True)]
    assert found() == []


def sent_part(workspace: Workspace) -> UploadChunk:
    upload = make_upload(workspace)
    path = paths.upload_part(workspace.pk, upload.pk, "000000")
    part = UploadPart.objects.create(upload=upload, number=0, name="a.zip", size=4, path=path)
    with transaction.atomic():
        count_named(workspace.pk, [part])
    chunk = UploadChunk.objects.create(part=part, start=0, size=4, path=f"{path}/0-abc")
    storage.write(chunk.path, b"four")
    return chunk
