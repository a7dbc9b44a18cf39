"""Start extractions of images that are uploaded only for this, or named by URLs."""

import io
from typing import Any

from django.db import transaction

from accounts.models import User, Workspace
from dashboard.models import Extraction, Upload, UploadPart, Version
from dashboard.services.uploads.receiving import append, discard_upload, open_upload, register_part
from dashboard.services.uploads.receiving_end import finish_receiving


@transaction.atomic
def open_extraction(
    *, workspace: Workspace, version: Version, file_format: str, name: str = "", actor: User
) -> Upload:
    """Begin an extraction of uploaded images; its job is queued when all are uploaded."""
    upload = open_upload(
        workspace=workspace,
        purpose=Upload.Purpose.DESCRIBE,
        name=name or "Uploaded images",
        actor=actor,
    )
    Extraction.objects.create(
        workspace=workspace,
        version=version,
        upload=upload,
        format=file_format,
        created_by=actor,
    )
    return upload


def describe_addresses(
    *, workspace: Workspace, version: Version, file_format: str, addresses: str, actor: User
) -> Extraction:
    """Queue an extraction of the images at these URLs, one per line.

    Raises the errors of uploads; then nothing of it is kept.
    """
    data = addresses.encode()
    opened: dict[str, Any] = {
        "workspace": workspace,
        "version": version,
        "file_format": file_format,
    }
    upload = open_extraction(**opened, name="Addresses", actor=actor)
    try:
        part = register_part(
            upload=upload,
            name="addresses.txt",
            size=len(data),
            kind=UploadPart.Kind.ADDRESSES,
            actor=actor,
        )
        append(part=part, stream=io.BytesIO(data), start=0, length=len(data))
        finish_receiving(upload=upload, actor=actor)
    # Also for a request that is ended from outside: a half-open upload counts against the quota.
    except BaseException:
        discard_upload(upload=upload, actor=actor)
        raise
    return Extraction.objects.get(upload=upload)
