"""Serve `/similarity/training/v2/task`."""

from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.lists import Listing
from dashboard.api.permissions import workspace_for
from dashboard.api.shapes import TaskFields, TypeId, task_json, version_json
from dashboard.models import SimilarityType, Task
from dashboard.queries.library.similarity_types import types_in
from dashboard.queries.training.tasks import get_task, tasks_in
from dashboard.queries.training.versions import newest_versions
from dashboard.services.training.tasks import (
    add_type,
    change_task,
    create_task,
    delete_task,
    remove_type,
)
from dashboard.services.training.training import start_training


class Tasks(ApiView):
    """The tasks of a workspace."""

    def get(self, request: Request) -> Response:
        """List them."""
        rows = tasks_in(workspace_for(request, "workspace.view"))
        return Response(Listing(rows, _write).answer(request))

    def post(self, request: Request) -> Response:
        """Create one."""
        workspace = workspace_for(request, "tasks.add")
        row = create_task(workspace=workspace, **self.read(TaskFields), actor=self.user)
        return Response(_write([row])[0], status=201)


class OneTask(ApiView):
    """One task."""

    def get(self, request: Request, task_id: UUID) -> Response:  # noqa: ARG002
        """Return it."""
        return Response(_write([self._find(task_id, "workspace.view")])[0])

    def patch(self, request: Request, task_id: UUID) -> Response:  # noqa: ARG002
        """Change the given fields."""
        task = self._find(task_id, "tasks.change")
        changes = self.read(TaskFields, partial=True)
        return Response(_write([change_task(task=task, changes=changes, actor=self.user)])[0])

    put = patch

    def delete(self, request: Request, task_id: UUID) -> Response:  # noqa: ARG002
        """Delete it with its versions."""
        delete_task(task=self._find(task_id, "tasks.delete"), actor=self.user)
        return Response(status=204)

    def _find(self, task_id: UUID, action: str) -> Task:
        return self.find(Task, get_task, task_id, action)


class TaskTypes(ApiView):
    """The types of a task; `adds` says whether the URL attaches or detaches."""

    adds = True

    def post(self, request: Request, task_id: UUID) -> Response:  # noqa: ARG002
        """Attach or detach a type; a repeated call changes nothing."""
        task = self.find(Task, get_task, task_id, "tasks.change")
        kind = _type_beside(task, self.read(TypeId)["type_id"])
        (add_type if self.adds else remove_type)(task=task, similarity_type=kind, actor=self.user)
        return Response(_write([get_task(task.workspace, task.id)])[0])


class TaskTraining(ApiView):
    """The training of a task."""

    def post(self, request: Request, task_id: UUID) -> Response:  # noqa: ARG002
        """Start it; the response is the future version."""
        task = self.find(Task, get_task, task_id, "tasks.train")
        version, _ = start_training(task=task, actor=self.user)
        return Response(version_json(version), status=202)


def _type_beside(task: Task, type_id: UUID) -> SimilarityType:
    """Return a type of the task's workspace. Raises `ValidationError`."""
    found = types_in(task.workspace).filter(pk=type_id).first()
    if found is None:
        raise ValidationError({"type_id": [f"The task's workspace has no type {type_id}."]})
    return found


def _write(rows: list[Task]) -> list[dict[str, object]]:
    newest = newest_versions(rows)
    return [task_json(row, newest.get(row.id)) for row in rows]
