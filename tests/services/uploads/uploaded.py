"""Uploads as a browser or a script would have sent them, one step after another."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from dashboard.files.store import paths, storage
from dashboard.jobs.runner import run_job
from dashboard.models import Group, Job, SimilarityType, Upload, UploadChunk, UploadPart
from dashboard.services.uploads.plans import start_plan
from dashboard.services.uploads.receiving_end import finish_receiving
from dashboard.services.uploads.undo import undo_upload
from dashboard.services.uploads.uploads import commit_upload
from dashboard.services.workspaces.usage import count_named
from tests.factories import Cast, drawn_jpeg

SHOES = {
    "shoes/red/1.jpg": drawn_jpeg(1),
    "shoes/red/2.jpg": drawn_jpeg(2),
    "shoes/blue/3.jpg": drawn_jpeg(3),
}


def zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def received(cast: Cast, files: Mapping[str, bytes], **fields: Any) -> Upload:
    """Make an upload whose files are all here."""
    fields = {"name": "shoes", "created_by": cast.bob} | fields
    upload = Upload.objects.create(workspace=cast.workspace, **fields)
    for name, data in files.items():
        add_part(upload, name, data)
    return upload


def add_part(upload: Upload, name: str, data: bytes, **fields: Any) -> UploadPart:
    number = upload.parts.count()
    path = paths.upload_part(upload.workspace_id, upload.id, f"{number:06d}")
    size = len(data)
    fields = {"number": number, "size": size, "received": size, "path": path} | fields
    part = UploadPart.objects.create(upload=upload, name=name, **fields)
    if data:
        chunk = paths.upload_chunk(path, 0, "0")
        storage.write(chunk, data)
        UploadChunk.objects.create(part=part, start=0, size=size, path=chunk)
    with transaction.atomic():
        count_named(upload.workspace_id, [part])
    return part


def add_known(upload: Upload, name: str, sha256: str) -> UploadPart:
    """Register a file that was not sent, since the workspace had it."""
    number = upload.parts.count()
    return UploadPart.objects.create(
        upload=upload, number=number, name=name, size=9, sha256=sha256, known=True
    )


def ran(job: Job) -> Job:
    run_job(str(job.pk))
    job.refresh_from_db()
    return job


def planned(upload: Upload) -> Job:
    job = ran(start_plan(upload=upload, actor=upload.created_by))
    upload.refresh_from_db()
    return job


def committed(upload: Upload) -> Job:
    job = ran(commit_upload(upload=upload, actor=upload.created_by))
    upload.refresh_from_db()
    return job


def brought_in(upload: Upload) -> Job:
    """Finish an upload that was begun to come in at once."""
    job = ran(finish_receiving(upload=upload, actor=upload.created_by))
    upload.refresh_from_db()
    return job


def undone(upload: Upload) -> Job:
    job = ran(undo_upload(upload=upload, actor=upload.created_by))
    upload.refresh_from_db()
    return job


def groups(kind: SimilarityType) -> dict[str, int]:
    return dict(Group.objects.filter(similarity_type=kind).values_list("name", "images_count"))


def foreseen(upload: Upload) -> dict[str, str]:
    return dict(upload.files.values_list("name", "foreseen"))


def outcome(upload: Upload) -> dict[str, str]:
    return dict(upload.files.values_list("name", "status"))


def reasons(upload: Upload) -> dict[str, str]:
    return dict(upload.files.exclude(reason="").values_list("name", "reason"))


def image_files(cast: Cast) -> list[str]:
    folder = cast.workspace.id
    return [*storage.names(f"{folder}/images"), *storage.names(f"{folder}/thumbnails")]


def finished(upload: Upload, **fields: Any) -> Job:
    """Make the job of an upload that is over."""
    fields = {"kind": Job.Kind.UPLOAD, "state": Job.State.DONE, "finished": timezone.now()} | fields
    return Job.objects.create(
        workspace=upload.workspace, subject_id=upload.pk, queue="upload", title="Upload", **fields
    )
