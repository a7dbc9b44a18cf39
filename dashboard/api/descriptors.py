"""`/similarity/training/v2/descriptor`."""

import time
import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.errors import record_status
from dashboard.api.images import decode_base64
from dashboard.files.errors import FileRefused, UnreadableImage
from dashboard.files.fetch import fetch_many
from dashboard.models import Task
from dashboard.services.descriptors import describe, version_to_use

MAX_RECORDS = 100
Json = dict[str, Any]


class DescriptorCall(serializers.Serializer[Any]):
    """Records to describe, and with what."""

    records = serializers.ListField(
        child=serializers.DictField(), min_length=1, max_length=MAX_RECORDS
    )
    task_id = serializers.UUIDField()
    version = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=(1 << 31) - 1
    )


class Descriptors(ApiView):
    """Descriptors of pictures that are sent along."""

    def post(self, request: Request) -> Response:
        """Describe each record; one that cannot be read fails alone."""
        started = time.perf_counter()
        values = self.read(DescriptorCall)
        task = self.find(Task.objects.all(), values["task_id"], "descriptors.extract")
        version = version_to_use(task=task, number=values.get("version"))
        contents = _contents(values["records"])
        readable = [data for data in contents if isinstance(data, bytes)]
        described = iter(describe(version=version, pictures_bytes=readable))
        results = [
            next(described) if isinstance(data, bytes) else data for data in contents
        ]
        request_id = self._request_id()
        records = [
            _record(record, result, request_id)
            for record, result in zip(values["records"], results, strict=True)
        ]
        succeeded = any("_descriptor" in record for record in records)
        code = 200 if succeeded else 400
        body = {
            "records": records,
            "version": version.number,
            "task_id": task.id,
            "status": status(code, "OK" if succeeded else "No record could be read.", request_id),
            "statistics": {"processing time": time.perf_counter() - started},
        }
        return Response(body, status=code)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal with `status` beside `detail`: the client looks at `status` alone."""
        response = super().handle_exception(exc)
        data = response.data if isinstance(response.data, dict) else {}
        text = str(data.get("detail") or "; ".join(f"{key}: {data[key]}" for key in data))
        response.data = data | {"status": status(response.status_code, text, self._request_id())}
        return response

    def _request_id(self) -> str:
        return str(getattr(self.request, "request_id", ""))


def status(code: int, text: str, request_id: str) -> Json:
    """Write the status block."""
    return {"code": code, "text": text, "request_id": request_id}


def _contents(records: list[Json]) -> list[bytes | FileRefused]:
    """Return each record's bytes, or why there are none; addresses are fetched side by side."""
    urls = [
        str(record["_url"])
        for record in records
        if record.get("_url") and not record.get("_base64")
    ]
    fetched = iter(fetch_many(urls))
    return [
        next(fetched) if record.get("_url") and not record.get("_base64") else _decoded(record)
        for record in records
    ]


def _decoded(record: Json) -> bytes | FileRefused:
    try:
        return decode_base64(str(record.get("_base64") or ""))
    except ValidationError:
        return UnreadableImage("The record's _base64 is not valid base64.")


def _record(record: Json, result: Any, request_id: str) -> Json:
    answer = {name: value for name, value in record.items() if name != "_base64"}
    answer.setdefault("_id", str(uuid.uuid4()))
    if isinstance(result, FileRefused):
        answer["_status"] = status(record_status(result), result.reason, request_id)
        return answer
    answer["_descriptor"], answer["_width"], answer["_height"] = result
    answer["_status"] = status(200, "OK", request_id)
    return answer
