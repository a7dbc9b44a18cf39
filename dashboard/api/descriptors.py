"""`/similarity/training/v2/descriptor`."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.errors import record_status
from dashboard.api.fields import decode_base64
from dashboard.api.permissions import allow, workspace_named
from dashboard.api.shapes import DescriptorFields
from dashboard.files.errors import FileRefused, UnreadableImage
from dashboard.files.fetch import fetch_many
from dashboard.models import Task, Version
from dashboard.queries.tasks import get_task
from dashboard.services.descriptors import describe, version_to_use

# So many pictures are in memory at once; an address may give 20 MB.
AT_ONCE = 16
MADE = ("_base64", "_descriptor", "_width", "_height", "_status")
NO_PICTURE = "The record has neither _url nor _base64."
BAD_BASE64 = "The record's _base64 is not valid base64."
BAD_URL = "The record's _url is no text."
Json = dict[str, Any]
Described = tuple[NDArray[np.float32], int, int]


class Descriptors(ApiView):
    """Descriptors of pictures that are sent along."""

    def post(self, request: Request) -> Response:
        """Describe each record; one that cannot be read fails alone."""
        started = time.perf_counter()
        if (named := workspace_named(request)) is not None:
            allow(request, named, "descriptors.extract")
        values = self.read(DescriptorFields)
        task = self.find(Task, get_task, values["task_id"], "descriptors.extract")
        version = version_to_use(task=task, number=values.get("version"))
        records = [
            _record(record, result, self._request_id())
            for record, result in _described(version, values["records"])
        ]
        succeeded = any("_descriptor" in record for record in records)
        code, text = (200, "OK") if succeeded else (400, "No record could be read.")
        body = {
            "records": records,
            "version": version.number,
            "task_id": task.id,
            "status": status(code, text, self._request_id()),
            "statistics": {"processing time": time.perf_counter() - started},
        }
        return Response(body, status=code)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal with `status` beside `detail`: the client looks at `status` alone."""
        response = super().handle_exception(exc)
        data = response.data if isinstance(response.data, dict) else {}
        text = str(data.get("detail") or _sentences(data))
        outcome = status(response.status_code, text, self._request_id())
        response.data = {"detail": text} | data | {"status": outcome}
        return response

    def _request_id(self) -> str:
        return str(getattr(self.request, "request_id", ""))


def status(code: int, text: str, request_id: str) -> Json:
    """Write the status block."""
    return {"code": code, "text": text, "request_id": request_id}


def _sentences(errors: Json) -> str:
    return " ".join(f"{name}: {' '.join(map(str, errors[name]))}" for name in errors)


def _described(
    version: Version, records: list[Json]
) -> Iterator[tuple[Json, Described | FileRefused]]:
    """Yield each record with what became of its picture."""
    for at in range(0, len(records), AT_ONCE):
        batch = records[at : at + AT_ONCE]
        contents = _contents(batch)
        pictures = [data for data in contents if isinstance(data, bytes)]
        described = iter(describe(version=version, pictures_bytes=pictures))
        for record, data in zip(batch, contents, strict=True):
            yield record, next(described) if isinstance(data, bytes) else data


def _contents(records: list[Json]) -> list[bytes | FileRefused]:
    """Return each record's bytes, or why there are none; addresses are fetched side by side."""
    fetched = fetch_many([record["_url"] for record in records if _is_address(record)])
    return [next(fetched) if _is_address(record) else _decoded(record) for record in records]


def _is_address(record: Json) -> bool:
    url = record.get("_url")
    return not record.get("_base64") and isinstance(url, str) and bool(url)


def _decoded(record: Json) -> bytes | FileRefused:
    if not record.get("_base64"):
        return UnreadableImage(BAD_URL if record.get("_url") else NO_PICTURE)
    try:
        return decode_base64(record["_base64"])
    except ValueError:
        return UnreadableImage(BAD_BASE64)


def _record(record: Json, result: Described | FileRefused, request_id: str) -> Json:
    """Write a record: its own fields, its id, and the descriptor or why it has none."""
    answer = {name: value for name, value in record.items() if name not in MADE}
    if answer.get("_id") is None:
        answer["_id"] = uuid.uuid4()
    if isinstance(result, FileRefused):
        return answer | {"_status": status(record_status(result), result.reason, request_id)}
    descriptor, width, height = result
    return answer | {
        "_width": width,
        "_height": height,
        "_descriptor": descriptor,
        "_status": status(200, "OK", request_id),
    }
