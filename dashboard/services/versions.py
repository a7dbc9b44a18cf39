"""Choose a task's production version, and delete versions."""

from functools import partial

from django.db import transaction

from accounts.activity import record
from accounts.models import User
from dashboard.files import paths, storage
from dashboard.models import Task, Version
from dashboard.services import jobs
from dashboard.services.errors import NotProducible


@transaction.atomic
def set_production(*, version: Version, production: bool, actor: User) -> bool:
    """Make a version its task's production version, or withdraw it; False if it was so already.

    Raises `NotProducible` for one that is not trained.
    """
    task = Task.objects.select_for_update().get(pk=version.task_id)
    if production == (task.production_version_id == version.pk):
        return False
    if production and version.status != Version.Status.TRAINED:
        raise NotProducible(version)
    task.production_version = version if production else None
    task.save(update_fields=["production_version", "modified"])
    version.task = task
    _tell("put into production" if production else "withdrew", version, actor)
    return True


@transaction.atomic
def delete_version(*, version: Version, actor: User) -> None:
    """Delete a version; its number is not given again, and a training of it ends.

    Its files go after the commit.
    """
    Task.objects.select_for_update().get(pk=version.task_id)
    jobs.drop(subject_ids=[version.id])
    _tell("deleted", version, actor)
    folder = paths.version(version.workspace_id, version.task_id, version.number)
    version.delete()
    transaction.on_commit(partial(storage.delete_all, folder))


def _tell(verb: str, version: Version, actor: User) -> None:
    record(
        workspace=version.workspace,
        verb=verb,
        noun="version",
        target_id=version.id,
        target_name=str(version),
        actor=actor,
    )
