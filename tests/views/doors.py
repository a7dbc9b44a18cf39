"""The two doors that files come in by, and what is sent through them."""

import base64
from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

from dashboard.models import Upload, UploadPart
from dashboard.queries.uploads.receiving import open_part
from dashboard.services.uploads.receiving import register_part
from tests.factories import ApiClient

Queries = Callable[..., Any]
JSON = {"Accept": "application/json"}
NEW = "/uploads/new"
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = "application/offset+octet-stream"


class Door:
    def __init__(self, client: Client | ApiClient, name: str, is_page: bool) -> None:
        self.client, self.name, self.is_page = client, name, is_page

    def of(self, part: UploadPart) -> str:
        return reverse(self.name, args=[part.upload_id, part.pk])

    def create(self, upload: Upload, size: int, data: bytes = b"", **meta: str) -> Any:
        name = "upload-part-new" if self.is_page else "api-upload-parts"
        headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": packed(**meta)}
        kind = BYTES if data else "text/plain"
        address = reverse(name, args=[upload.pk])
        return self.client.generic("POST", address, data, kind, headers=headers)  # type: ignore[return-value]

    def patch(self, part: UploadPart, data: bytes, offset: Any = 0, **more: str) -> Any:
        headers = TUS | {"Upload-Offset": str(offset)} | more
        return self.client.generic("PATCH", self.of(part), data, BYTES, headers=headers)  # type: ignore[return-value]

    def ask(self, part: UploadPart, method: str = "HEAD", **more: str) -> Any:
        return self.client.generic(method, self.of(part), headers=TUS | more)  # type: ignore[return-value]


def packed(**meta: str) -> str:
    return ",".join(f"{key} {base64.b64encode(meta[key].encode()).decode()}" for key in meta)


def part_of(upload: Upload, size: int = 10, name: str = "a.jpg") -> UploadPart:
    return register_part(upload=upload, name=name, size=size, actor=upload.created_by)


def content(part: UploadPart) -> bytes:
    with open_part(part) as file:
        return file.read()
