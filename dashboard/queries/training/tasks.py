"""Read tasks."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import Task
from dashboard.queries.names import holding


def tasks_in(workspace: Workspace) -> QuerySet[Task]:
    """Return the workspace's tasks with their types and production version."""
    rows = Task.objects.in_workspace(workspace).select_related("production_version")
    return rows.prefetch_related("similarity_types")


def find_tasks(workspace: Workspace, name: str) -> QuerySet[Task]:
    """Return the tasks whose name contains `name`, ignoring case; all of them if it is empty."""
    rows = tasks_in(workspace)
    return holding(rows, "name", name) if name else rows


def get_task(workspace: Workspace, task_id: UUID) -> Task:
    """Return one task. Raises `Task.DoesNotExist`."""
    return tasks_in(workspace).get(pk=task_id)


def get_task_alone(workspace: Workspace, task_id: UUID) -> Task:
    """Return one task without its types, in one query. Raises `Task.DoesNotExist`."""
    rows = Task.objects.in_workspace(workspace).select_related("production_version")
    return rows.get(pk=task_id)
