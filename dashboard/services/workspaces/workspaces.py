"""Open and close workspaces: the account side, and what the dashboard adds."""

import logging
from collections.abc import Iterator
from typing import Any, NoReturn

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User, Workspace
from accounts.services import create_first_owner, create_workspace
from accounts.team import shut_out
from dashboard.files.store import paths, storage
from dashboard.models import DEFAULT_LABEL, Job, Label
from dashboard.queries.jobs.jobs import unfinished_jobs
from dashboard.queries.workspaces.workspaces import rows_of
from dashboard.services.jobs.jobs import Handle, JobGone, NotYet, stop_all
from dashboard.services.jobs.queueing import enqueue

logger = logging.getLogger("likewise.workspaces")
ROWS_PER_BATCH = 500


@transaction.atomic
def open_workspace(*, name: str, actor: User) -> Workspace:
    """Create a workspace that the actor owns, with the default label."""
    workspace = create_workspace(name=name, actor=actor)
    Label.objects.create(workspace=workspace, name=DEFAULT_LABEL)
    return workspace


@transaction.atomic
def open_installation(*, email: str, password: str, name: str) -> tuple[User, Workspace]:
    """Create the first user and the first workspace.

    Raises `AlreadySetUp` once a user exists, `ValidationError` for a weak password.
    """
    owner = create_first_owner(email=email, password=password)
    return owner, open_workspace(name=name, actor=owner)


@transaction.atomic
def close_workspace(*, workspace: Workspace, actor: User) -> Job:
    """Close a workspace to everybody at once and queue its deletion.

    Its memberships, API tokens and invitations end, and its jobs are told to stop. Its activity log
    is deleted, too; only a line in the server's log remains.
    """
    row = Workspace.objects.select_for_update().get(pk=workspace.pk)
    # Under the lock on the workspace: a second click finds the first one's job.
    under_way = Job.objects.in_workspace(row).filter(kind=Job.Kind.CLOSE).first()
    if under_way is not None:
        return under_way
    # People first, so that nothing new begins while jobs are told to stop.
    shut_out(workspace=row)
    stop_all(workspace=row)
    logger.info("event=workspace-closed workspace=%s actor=%s", row.pk, actor.pk)
    return enqueue(
        workspace=row,
        kind=Job.Kind.CLOSE,
        title=f"Deletion of {row.name}",
        subject_id=row.pk,
        actor=actor,
    )


def remove_workspace(*, workspace: Workspace, handle: Handle) -> NoReturn:
    """Delete the files of a closed workspace, then its rows in batches, then itself.

    A run after a kill continues with what is left. The job's own row is deleted with the workspace,
    in one transaction, so the job exists as long as there is anything to delete. Raises `NotYet`
    while other jobs have not stopped, otherwise `JobGone`.
    """
    while True:
        # A running job would write files after this. After `NotYet`, the job is tried again in
        # seconds.
        if stop_all(workspace=workspace):
            raise NotYet
        _remove_files(workspace, handle)
        _remove_rows(workspace, handle)
        if _remove_last(workspace, handle):
            break
    # Files of a request that began before the workspace was closed and was refused just now.
    storage.delete_all(paths.workspace(workspace.pk))
    storage.delete_all(paths.queries(workspace.pk))
    logger.info("event=workspace-removed workspace=%s", workspace.pk)
    raise JobGone


def _remove_files(workspace: Workspace, handle: Handle) -> None:
    for name in storage.names(paths.workspace(workspace.pk)):
        storage.delete(name)
        handle.tick(step="Deleting files")
    storage.delete_all(paths.workspace(workspace.pk))  # the folders, empty by now


def _remove_rows(workspace: Workspace, handle: Handle) -> None:
    for rows in _rows_but_jobs(workspace):
        # By ids, since a sliced query cannot be deleted. One statement for all would hold its locks
        # the whole time, on SQLite against every other writer.
        while ids := [*rows[:ROWS_PER_BATCH].values_list("pk", flat=True)]:
            with transaction.atomic():
                rows.model._base_manager.filter(pk__in=ids).delete()
                handle.report(step="Deleting rows", done=handle.job.done + len(ids))
            handle.check()


@transaction.atomic
def _remove_last(workspace: Workspace, handle: Handle) -> bool:
    """Delete the workspace with its jobs if nothing else is left; return whether it was deleted."""
    row = Workspace.objects.select_for_update().get(pk=workspace.pk)
    others = unfinished_jobs(workspace).exclude(pk=handle.job.pk)
    if others.exists() or any(rows.exists() for rows in _rows_but_jobs(workspace)):
        return False  # from a request that was running when the workspace was closed
    handle.report(step="Deleting the workspace")
    row.delete()
    return True


def _rows_but_jobs(workspace: Workspace) -> Iterator[QuerySet[Any]]:
    """Yield what has to be deleted before the workspace: a job may run until the very end."""
    return (rows for rows in rows_of(workspace) if rows.model is not Job)
