"""Choose a task's production version, and delete versions."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction

from accounts.journal import record, values_of
from accounts.models import User
from accounts.verbs import Verb
from dashboard.files.store import paths, storage
from dashboard.models import AsyncRequest, Extraction, Job, Task, Version
from dashboard.queries.search.collections import collections_using
from dashboard.services.errors import NotProducible, UsedByCollections
from dashboard.services.jobs import jobs
from dashboard.services.jobs.dropping import drop_extractions, drop_requests


@transaction.atomic
def set_production(*, version: Version, production: bool, actor: User) -> bool:
    """Make a version its task's production version, or withdraw it; False if nothing changes.

    Raises `NotProducible` for one that is not trained.
    """
    # The lock on the task decides between two people who choose different production versions.
    task = Task.objects.select_for_update().get(pk=version.task_id)
    if production == (task.production_version_id == version.pk):
        return False
    if production and version.status != Version.Status.TRAINED:
        raise NotProducible(version)
    was = values_of(task, ["production_version"])
    task.production_version = version if production else None
    task.save(update_fields=["production_version", "modified"])
    version.task = task
    verb = Verb.PUT_INTO_PRODUCTION if production else Verb.WITHDREW
    _tell(verb, version, actor, was, values_of(task, was))
    return True


@transaction.atomic
def delete_version(*, version: Version, actor: User) -> None:
    """Delete a version and end work with it; its number is not used again.

    Raises `UsedByCollections`.
    """
    # Creating a collection locks the task first, so it cannot refer to a version that is being
    # deleted.
    Task.objects.select_for_update().get(pk=version.task_id)
    check_unused(version, [version])
    drop_versions([version])
    _tell(Verb.DELETED, version, actor)
    version.delete()


def check_unused(what: object, versions: Sequence[Version]) -> None:
    """Raise `UsedByCollections` if any collection uses one of the versions."""
    if using := list(collections_using(versions)):
        raise UsedByCollections(str(what), using)


def drop_versions(versions: Sequence[Version]) -> None:
    """End work on and with versions that are deleted, and delete files after the commit."""
    drop_extractions(Extraction.objects.filter(version__in=versions))
    asked = AsyncRequest.objects.filter(version__in=versions, kind=AsyncRequest.Kind.DESCRIPTOR)
    drop_requests(asked.exclude(job__state__in=Job.FINISHED))
    jobs.drop(subject_ids=[version.id for version in versions])
    for version in versions:
        folder = paths.version(version.workspace_id, version.task_id, version.number)
        transaction.on_commit(partial(storage.delete_all, folder))


def _tell(
    verb: Verb,
    version: Version,
    actor: User,
    was: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
) -> None:
    record(
        workspace=version.workspace,
        verb=verb,
        noun="version",
        target_id=version.id,
        target_name=str(version),
        before=was,
        after=now,
        actor=actor,
    )
