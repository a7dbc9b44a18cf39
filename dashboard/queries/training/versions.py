"""Read versions."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Case, Exists, OuterRef, QuerySet, When

from accounts.models import Workspace
from dashboard.models import Task, Version


def versions_in(workspace: Workspace) -> QuerySet[Version]:
    """Return the workspace's versions with their tasks."""
    return Version.objects.in_workspace(workspace).select_related("task")


def versions_of(task: Task) -> QuerySet[Version]:
    """Return the task's versions, newest first."""
    return Version.objects.filter(task=task).order_by("-number")


def get_version(workspace: Workspace, version_id: UUID) -> Version:
    """Return one version. Raises `Version.DoesNotExist`."""
    return versions_in(workspace).get(pk=version_id)


def trained_versions(workspace: Workspace) -> QuerySet[Version]:
    """Return the trained versions, sorted by the name of the task, the newest of each first."""
    rows = versions_in(workspace).filter(status=Version.Status.TRAINED)
    return rows.order_by("task__name", "task", "-number")


def find_default(workspace: Workspace) -> Version | None:
    """Return the newest version that is in production, or else the newest trained one."""
    producing = Task.objects.filter(production_version=OuterRef("pk"))
    # Search must work before any version was chosen, but a chosen one always wins.
    first = Case(When(Exists(producing), then=0), default=1)
    return trained_versions(workspace).order_by(first, "-trained", "id").first()


def find_running(task: Task) -> Version | None:
    """Return the version that the task is training, or None."""
    return Version.objects.filter(task=task, status__in=Version.UNFINISHED).first()


def find_usable(task: Task, number: int | None) -> Version | None:
    """Return a trained version: the given one, or else the production version, or else the newest.

    A task that was read with its production version costs no further query.
    """
    produced = task.production_version
    if number is None and produced is not None and produced.status == Version.Status.TRAINED:
        return produced
    trained = versions_of(task).filter(status=Version.Status.TRAINED)
    if number is not None:
        return trained.filter(number=number).first()
    return trained.first()


def newest_versions(tasks: Iterable[Task]) -> dict[UUID, Version]:
    """Return each task's newest version, in whatever state, by the task's id: one query."""
    newer = Version.objects.filter(task=OuterRef("task"), number__gt=OuterRef("number"))
    rows = Version.objects.filter(~Exists(newer), task__in=tasks)
    return {row.task_id: row for row in rows}
