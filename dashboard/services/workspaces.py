"""Open and close a workspace: the people's side of it, and what the platform adds."""

import logging
from functools import partial

from django.db import transaction

from accounts.models import User, Workspace
from accounts.services import create_first_owner, create_workspace
from dashboard.files import paths, storage
from dashboard.models import DEFAULT_LABEL, Group, Job, Label, Region
from dashboard.services.jobs import drop

logger = logging.getLogger("likewise.workspaces")


@transaction.atomic
def open_workspace(*, name: str, actor: User) -> Workspace:
    """Create a workspace that the actor owns, with the label for boxes that need no other."""
    workspace = create_workspace(name=name, actor=actor)
    Label.objects.create(workspace=workspace, name=DEFAULT_LABEL)
    return workspace


@transaction.atomic
def open_installation(*, email: str, password: str, name: str) -> tuple[User, Workspace]:
    """Create the first user and the first workspace.

    Raises `AlreadySetUp` once anybody exists, `ValidationError` for a weak password.
    """
    owner = create_first_owner(email=email, password=password)
    return owner, open_workspace(name=name, actor=owner)


@transaction.atomic
def close_workspace(*, workspace: Workspace, actor: User) -> None:
    """Delete a workspace with everything in it; its files go after the commit.

    Its jobs end first: a worker that runs one loses its lease and commits nothing more. The
    activity rows go too, so what remains of it is a line in the log.
    """
    row = Workspace.objects.select_for_update().get(pk=workspace.pk)
    unfinished = Job.objects.in_workspace(row).exclude(state__in=Job.FINISHED)
    drop(subject_ids=list(unfinished.values_list("subject_id", flat=True)))
    # These hold on to types and labels, which the workspace would otherwise try to take first.
    Group.objects.filter(workspace=row).delete()
    Region.objects.filter(workspace=row).delete()
    row.delete()
    logger.info("event=workspace-closed workspace=%s actor=%s", workspace.pk, actor.pk)
    transaction.on_commit(partial(storage.delete_all, paths.workspace(workspace.pk)))
