"""Files of an upload, named and sent without a request."""

import io
from typing import Any

from dashboard.models import Upload, UploadPart
from dashboard.services.uploads.receiving import append, register_part


def part_of(upload: Upload, size: int = 200, name: str = "a.jpg", **fields: Any) -> UploadPart:
    return register_part(upload=upload, name=name, size=size, actor=upload.created_by, **fields)


def send(part: UploadPart, data: bytes, start: int = 0) -> int:
    return append(part=part, stream=io.BytesIO(data), start=start, length=len(data))
