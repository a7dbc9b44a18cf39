"""Reading tasks."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import Task


def tasks_in(workspace: Workspace) -> QuerySet[Task]:
    """Return the workspace's tasks with their types and production version."""
    rows = Task.objects.in_workspace(workspace).select_related("production_version")
    return rows.prefetch_related("similarity_types")


def get_task(workspace: Workspace, task_id: UUID) -> Task:
    """Return one task; raises `Task.DoesNotExist`."""
    return tasks_in(workspace).get(pk=task_id)


def get_task_alone(workspace: Workspace, task_id: UUID) -> Task:
    """Return one task without its types, in one query; raises `Task.DoesNotExist`."""
    rows = Task.objects.in_workspace(workspace).select_related("production_version")
    return rows.get(pk=task_id)
