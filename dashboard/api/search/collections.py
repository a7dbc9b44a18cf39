"""Serve `/account/v2/collection`."""

from typing import Any
from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from dashboard.api.base import ApiView
from dashboard.api.lists import Listing
from dashboard.api.parameters import an_id, conditions
from dashboard.api.permissions import workspace_for
from dashboard.api.shapes import CollectionFields, collection_json
from dashboard.models import Collection, Task
from dashboard.queries.search.collections import collections_in, get_collection
from dashboard.queries.training.tasks import tasks_in
from dashboard.services.search.collections import (
    change_collection,
    create_collection,
    delete_collection,
)

FILTERS = {"task": (an_id, "task")}


class Collections(ApiView):
    """The collections of a workspace."""

    def get(self, request: Request) -> Response:
        """List them, of one task if the query names it."""
        rows = collections_in(workspace_for(request, "workspace.view"))
        rows = rows.filter(conditions(request, FILTERS))
        return Response(Listing(rows, lambda page: map(collection_json, page)).answer(request))

    def post(self, request: Request) -> Response:
        """Create one."""
        workspace = workspace_for(request, "collections.add")
        values = self.read(CollectionFields)
        row = create_collection(
            task=_task_in(workspace, values["task"]),
            name=values["name"],
            description=values.get("description", ""),
            number=values.get("version"),
            actor=self.user,
        )
        return Response(collection_json(row), status=201)


class OneCollection(ApiView):
    """One collection."""

    def get(self, request: Request, collection_id: UUID) -> Response:  # noqa: ARG002
        """Return it."""
        return Response(collection_json(self._find(collection_id, "workspace.view")))

    def patch(self, request: Request, collection_id: UUID) -> Response:  # noqa: ARG002
        """Change the given fields; its task and version never change."""
        row = self._find(collection_id, "collections.change")
        changes = self.read(CollectionFields, partial=True)
        _check_kept(row, changes.pop("task", None), changes.pop("version", None))
        change_collection(collection=row, changes=changes, actor=self.user)
        return Response(collection_json(row))

    put = patch

    def delete(self, request: Request, collection_id: UUID) -> Response:  # noqa: ARG002
        """Delete it with its records."""
        row = self._find(collection_id, "collections.delete")
        delete_collection(collection=row, actor=self.user)
        return Response(status=204)

    def _find(self, collection_id: UUID, action: str) -> Collection:
        return self.find(Collection, get_collection, collection_id, action)


def _task_in(workspace: Workspace, task_id: UUID) -> Task:
    """Return a task of the workspace. Raises `ValidationError`."""
    found = tasks_in(workspace).filter(pk=task_id).first()
    if found is None:
        raise ValidationError({"task": [f"This workspace has no task {task_id}."]})
    return found


def _check_kept(row: Collection, task: Any, version: Any) -> None:
    """Refuse another task or version. Raises `ValidationError`."""
    kept = "A collection keeps its {}. Create another collection, and insert the images there."
    if task not in (None, row.task_id):
        raise ValidationError({"task": [kept.format("task")]})
    if version not in (None, row.version.number):
        raise ValidationError({"version": [kept.format("version")]})
