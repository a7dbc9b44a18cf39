"""Serve `/account/v2/request`: asynchronous requests."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from dashboard.api.base import ApiView
from dashboard.api.bodies import RECORDS
from dashboard.api.fields import MAX_IDS, Flag, Id, MetaData, RecordList
from dashboard.api.lists import Listing
from dashboard.api.parameters import text
from dashboard.api.permissions import check_named, workspace_for
from dashboard.api.rendering import dumps
from dashboard.api.shapes import DescriptorFields, version_json
from dashboard.api.statuses import status
from dashboard.api.training.descriptors import (
    described_json,
    overall_status,
    repeated_fields,
    source_of,
    version_named,
)
from dashboard.models import AsyncRecord, AsyncRequest, Task
from dashboard.queries.library.groups import unknown_groups
from dashboard.queries.requests.async_requests import (
    IN_STATUS,
    counts,
    every_record,
    get_request,
    requests_in,
)
from dashboard.queries.training.tasks import get_task
from dashboard.refusals import kept_record_status
from dashboard.services.errors import UnknownIds
from dashboard.services.requests.async_requests import (
    SentRecord,
    delete_request,
    start_descriptors,
    start_train,
    start_uploads,
)

Json = dict[str, Any]
Kind, Status = AsyncRequest.Kind, AsyncRequest.Status


class KindOfRequest(serializers.Serializer[Any]):
    """The kind of the request."""

    type = serializers.ChoiceField(Kind.choices)


class DescriptorRequest(DescriptorFields):
    """The body of a descriptor call, with many records."""

    records = RecordList(most=MAX_IDS)


class TrainRequest(serializers.Serializer[Any]):
    """The task to train, under either name."""

    task_id = Id(required=False)
    task = Id(required=False)

    def validate(self, attrs: Json) -> Json:
        """Require one of the two."""
        if not attrs:
            raise ValidationError({"task_id": ["This field is required."]})
        return {"task_id": attrs.get("task_id") or attrs["task"]}


class UploadRequest(serializers.Serializer[Any]):
    """Images to import."""

    records = RecordList(most=MAX_IDS)


class UploadRecord(serializers.Serializer[Any]):
    """The facts about an image, besides its source."""

    group = Id(required=False, allow_null=True)
    test_image = Flag(required=False)
    meta_data = MetaData(required=False)


class AsyncRequests(ApiView):
    """The requests of a workspace."""

    needs_room = True
    body_limit = RECORDS

    def get(self, request: Request) -> Response:
        """List those that match the query."""
        rows = requests_in(workspace_for(request, "workspace.view"))
        if (kind := _choice(request, "type", Kind.values)) is not None:
            rows = rows.filter(kind=kind)
        if (state := _choice(request, "status", Status.values)) is not None:
            rows = rows.filter(IN_STATUS[Status(state)])
        return Response(Listing(rows, _write, name="kind").answer(request))

    def post(self, request: Request) -> Response:
        """Accept one; the response has its URL."""
        # The least that any kind needs, before the body is read, which names the kind.
        check_named(request, "workspace.view")
        start = {
            Kind.DESCRIPTOR: self._start_descriptors,
            Kind.TRAIN: self._start_train,
            Kind.UPLOAD: self._start_uploads,
        }
        started = start[Kind(self.read(KindOfRequest)["type"])]()
        return Response(_write([started])[0], status=202)

    def _start_descriptors(self) -> AsyncRequest:
        values = self.read(DescriptorRequest)
        version = version_named(self, values)
        # A generator: records are stored one by one, and decoded images are never all in memory.
        records = (
            SentRecord(dumps(repeated_fields(record)), source_of(record))
            for record in values["records"]
        )
        return start_descriptors(version=version, records=records, actor=self.user)

    def _start_train(self) -> AsyncRequest:
        task_id = self.read(TrainRequest)["task_id"]
        task = self.find(Task, get_task, task_id, "tasks.train")
        return start_train(task=task, actor=self.user)

    def _start_uploads(self) -> AsyncRequest:
        workspace = workspace_for(self.request, "images.add")
        records = self.read(UploadRequest)["records"]
        facts = _upload_facts(workspace, records)
        sent = (
            SentRecord(dumps(repeated_fields(record)), source_of(record), **fact)
            for record, fact in zip(records, facts, strict=True)
        )
        return start_uploads(workspace=workspace, records=sent, actor=self.user)


class OneAsyncRequest(ApiView):
    """One request."""

    def get(self, request: Request, request_id: UUID) -> HttpResponseBase:  # noqa: ARG002
        """Return it, with its response once it is done."""
        found = self.find(AsyncRequest, get_request, request_id, "workspace.view")
        body = _write([found])[0]
        if found.status == Status.FAILED:
            return Response(body | {"detail": found.job.message})
        if found.status != Status.DONE:
            return Response(body)
        if found.kind == Kind.TRAIN:
            made = found.version and version_json(found.version)
            return Response(body | {"response": made})
        # Ten thousand descriptors are never in memory at once.
        return StreamingHttpResponse(_parts(found, body), content_type="application/json")

    def delete(self, request: Request, request_id: UUID) -> Response:  # noqa: ARG002
        """Delete it with its response, and end its work."""
        found = self.find(AsyncRequest, get_request, request_id, "jobs.cancel")
        delete_request(request=found, actor=self.user)
        return Response(status=204)


class AsyncRequestStatus(ApiView):
    """The status of a request."""

    def get(self, request: Request, request_id: UUID) -> Response:  # noqa: ARG002
        """Return it."""
        found = self.find(AsyncRequest, get_request, request_id, "workspace.view")
        return Response({"status": found.status})


def _choice(request: Request, name: str, choices: Iterable[str]) -> str | None:
    """Return one of the choices, ignoring case; 400 for anything else."""
    given = text(request, name)
    if given is None:
        return None
    for choice in choices:
        if choice.lower() == given.lower():
            return choice
    raise ValidationError({name: [f"Send one of {', '.join(choices)}."]})


def _upload_facts(workspace: Workspace, records: list[Json]) -> list[Json]:
    """Parse the facts of the records' images. Raises `ValidationError`, `UnknownIds`."""
    form = UploadRecord(data={})
    facts = []
    for at, record in enumerate(records, start=1):
        try:
            facts.append(
                {
                    name: field.run_validation(record[name])
                    for name, field in form.fields.items()
                    if record.get(name) not in (None, "")
                }
            )
        except ValidationError as error:
            sentences = [f"Record {at}: {sentence}" for sentence in error.detail]
            raise ValidationError({"records": sentences}) from error
    for fact in facts:
        fact["group_id"] = fact.pop("group", None)
    if unknown := unknown_groups(workspace, {fact["group_id"] for fact in facts} - {None}):
        raise UnknownIds("group", unknown)
    return facts


def _write(rows: list[AsyncRequest]) -> list[Json]:
    found = counts(rows)
    return [
        {
            "id": row.id,
            "type": row.kind,
            "status": row.status,
            "progress": _progress(row, found[row.id]),
            "workspace": row.workspace_id,
            "created": row.created,
            "finished": row.job.finished,
        }
        for row in rows
    ]


def _progress(row: AsyncRequest, found: dict[str, int]) -> Json:
    """Return the counts of records; a training counts as one."""
    if row.kind == Kind.TRAIN:
        return {
            "total": 1,
            "done": int(row.status == Status.DONE),
            "failed": int(row.status == Status.FAILED),
        }
    return {
        "total": sum(found.values()),
        "done": found[AsyncRecord.Status.DONE] + found[AsyncRecord.Status.KNOWN],
        "failed": found[AsyncRecord.Status.FAILED],
    }


def _parts(row: AsyncRequest, body: Json) -> Iterator[bytes]:
    """Yield a request with its response, record by record."""
    write = _described_record if row.kind == Kind.DESCRIPTOR else _uploaded_record
    # JSON that is assembled by hand, since no JSON library accepts a generator.
    yield dumps(body)[:-1] + b',"response":{"records":['
    for at, record in enumerate(every_record(row)):
        fields = orjson.loads(bytes(record.fields))
        yield (b"," if at else b"") + dumps(fields | write(record, str(row.id)))
    yield b"]," + dumps(_outcome(row, body))[1:] + b"}"


def _outcome(row: AsyncRequest, body: Json) -> Json:
    started, finished = row.job.started or row.created, row.job.finished or row.created
    made = {"version": row.version_number, "task_id": row.task_id}
    succeeded = body["progress"]["done"] > 0
    return (made if row.kind == Kind.DESCRIPTOR else {}) | {
        "status": overall_status(succeeded=succeeded, request_id=str(row.id)),
        "statistics": {"processing time": (finished - started).total_seconds()},
    }


def _described_record(record: AsyncRecord, request_id: str) -> Json:
    if record.vector is None:
        return _failure(record, request_id)
    vector = np.frombuffer(record.vector, "<f4")
    return described_json((vector, record.width or 0, record.height or 0), request_id)


def _uploaded_record(record: AsyncRecord, request_id: str) -> Json:
    """Return the outcome of an image: 201 if it is new, 200 if the workspace had it."""
    if record.status == AsyncRecord.Status.FAILED:
        return _failure(record, request_id)
    if record.status == AsyncRecord.Status.DONE:
        code, sentence = 201, record.reason or "Created."
    else:
        code, sentence = 200, record.reason or "The image was already in this workspace."
    return {"image": record.image_id, "_status": status(code, sentence, request_id)}


def _failure(record: AsyncRecord, request_id: str) -> Json:
    code = kept_record_status(record.refusal)
    return {"_status": status(code, record.reason, request_id)}
