"""Serve `/similarity/training/v2/search`: search a workspace's images by similarity."""

import time
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from dashboard.api.bodies import RECORDS
from dashboard.api.fields import Id, JsonObject
from dashboard.api.permissions import workspace_for
from dashboard.api.statuses import StatusView, status
from dashboard.api.training.descriptors import source_of
from dashboard.files.errors import FileRefused
from dashboard.files.fetch.fetch import fetch_image
from dashboard.index.search import Hit
from dashboard.models import Image, Version
from dashboard.queries.library.containing_groups import groups_of_images
from dashboard.queries.library.images import get_image
from dashboard.queries.training.tasks import get_task
from dashboard.services.search.search import MOST_HITS, search_by_image, search_by_picture
from dashboard.services.training.descriptors import version_to_use

Json = dict[str, Any]
USUAL = 24
NOT_THERE = "No image of the workspace has this _id."


class SearchFields(serializers.Serializer[Any]):
    """The query, the number of results, and the version."""

    query_record = JsonObject()
    k = serializers.IntegerField(min_value=1, max_value=MOST_HITS, default=USUAL)
    task_id = Id(required=False, allow_null=True)
    version = serializers.IntegerField(required=False, allow_null=True)


class ImageSearch(StatusView):
    """Find the images that are most similar to an image, or to one of the workspace."""

    body_limit = RECORDS

    def post(self, request: Request) -> Response:
        """Answer with the most similar first."""
        started = time.perf_counter()
        workspace = workspace_for(request, "search.run")
        values = self.read(SearchFields)
        version = _version(workspace, values)
        hits = _hits(workspace, version, values["query_record"], values["k"])
        body = {
            "answer_records": _records(hits),
            "answer_count": len(hits),
            "task_id": version.task_id if version else None,
            "version": version.number if version else None,
            "status": status(200, "OK", self.request_id()),
            "statistics": {"processing time": time.perf_counter() - started},
        }
        return Response(body)


def _version(workspace: Workspace, values: Json) -> Version | None:
    """Return the version of the named task; without a task the untrained embedding is used."""
    if values.get("task_id") is None:
        return None
    task = get_task(workspace, values["task_id"])
    return version_to_use(task=task, number=values.get("version"))


def _hits(workspace: Workspace, version: Version | None, record: Json, k: int) -> list[Hit]:
    if record.get("_id") is not None and not (record.get("_url") or record.get("_base64")):
        image = _image(workspace, record["_id"])
        return search_by_image(image=image, version=version, k=k)
    source = source_of(record)
    if isinstance(source, FileRefused):
        raise source
    data = fetch_image(source) if isinstance(source, str) else source
    return search_by_picture(workspace=workspace, version=version, data=data, k=k)


def _image(workspace: Workspace, key: Any) -> Image:
    try:
        image = get_image(workspace, UUID(key))
    except (ValueError, AttributeError, TypeError, Image.DoesNotExist) as error:
        raise ValidationError({"query_record": [NOT_THERE]}) from error
    image.workspace = workspace  # already known: no query for it
    return image


def _records(hits: list[Hit]) -> list[Json]:
    groups = groups_of_images([hit.image.pk for hit in hits])
    return [
        {
            "_id": hit.image.pk,
            "name": hit.image.file_name,
            "groups": groups[hit.image.pk],
            "_distance": min(2.0, max(0.0, 1 - hit.score)),
        }
        for hit in hits
    ]
