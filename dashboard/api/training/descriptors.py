"""Serve `/similarity/training/v2/descriptor`."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.bodies import RECORDS
from dashboard.api.fields import decode_base64
from dashboard.api.permissions import check_named
from dashboard.api.shapes import DescriptorFields
from dashboard.api.statuses import StatusView, status
from dashboard.files.errors import FileRefused, UnreadableImage
from dashboard.models import Collection, Task, Version
from dashboard.queries.search.collections import get_collection
from dashboard.queries.training.tasks import get_task_alone
from dashboard.refusals import record_status
from dashboard.services.training.descriptors import (
    Described,
    Source,
    describe_sources,
    version_to_use,
)

MADE = ("_base64", "_descriptor", "_width", "_height", "_status")
NO_PICTURE = "The record has neither _url nor _base64."
BAD_BASE64 = "The record's _base64 is not valid base64."
BAD_URL = "The record's _url is not text."
Json = dict[str, Any]


class Descriptors(StatusView):
    """The descriptors of images in the request."""

    body_limit = RECORDS

    def post(self, request: Request) -> Response:
        """Compute the descriptor of each record; one that cannot be read fails alone."""
        started = time.perf_counter()
        check_named(request, "descriptors.extract")
        values = self.read(DescriptorFields)
        version = version_named(self, values)
        records = [
            _record(record, result, self.request_id())
            for record, result in described(version, values["records"])
        ]
        succeeded = any("_descriptor" in record for record in records)
        outcome = overall_status(succeeded=succeeded, request_id=self.request_id())
        body = {
            "records": records,
            "version": version.number,
            "task_id": version.task_id,
            "status": outcome,
            "statistics": {"processing time": time.perf_counter() - started},
        }
        return Response(body, status=outcome["code"])


def version_named(call: ApiView, values: Json) -> Version:
    """Return the version to use: that of a collection, or one of a task."""
    if (collection_id := values.get("collection")) is not None:
        found = call.find(Collection, get_collection, collection_id, "descriptors.extract")
        return found.version
    task = call.find(Task, get_task_alone, values["task_id"], "descriptors.extract")
    return version_to_use(task=task, number=values.get("version"))


def described(
    version: Version, records: list[Json]
) -> Iterator[tuple[Json, Described | FileRefused]]:
    """Yield each record with the result of its image."""
    results = describe_sources(version=version, sources=map(source_of, records))
    return zip(records, results, strict=True)


def source_of(record: Json) -> Source:
    """Return the source of a record's image, or why it has none."""
    # Before `_url`: bytes in the request need no fetching.
    if record.get("_base64"):
        try:
            return decode_base64(record["_base64"])
        except ValueError:
            return UnreadableImage(BAD_BASE64)
    url = record.get("_url")
    if not url:
        return UnreadableImage(NO_PICTURE)
    return url if isinstance(url, str) and "\x00" not in url else UnreadableImage(BAD_URL)


def repeated_fields(record: Json) -> Json:
    """Return what a response repeats of a record: its fields, and an id, generated if missing."""
    answer = {name: value for name, value in record.items() if name not in MADE}
    if answer.get("_id") is None:
        answer["_id"] = uuid.uuid4()
    return answer


def described_json(described: Described, request_id: str) -> Json:
    """Return what a response adds to a record with a descriptor."""
    descriptor, width, height = described
    return {
        "_width": width,
        "_height": height,
        "_descriptor": descriptor,
        "_status": status(200, "OK", request_id),
    }


def _record(record: Json, result: Described | FileRefused, request_id: str) -> Json:
    """Return a record as JSON: its own fields, its id, and the descriptor or why it has none."""
    if isinstance(result, FileRefused):
        outcome = status(record_status(type(result)), result.reason, request_id)
        return repeated_fields(record) | {"_status": outcome}
    return repeated_fields(record) | described_json(result, request_id)


def overall_status(*, succeeded: bool, request_id: str) -> Json:
    """Return the overall status: one record that succeeded is enough."""
    code, text = (200, "OK") if succeeded else (400, "No record could be read.")
    return status(code, text, request_id)
