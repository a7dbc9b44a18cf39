"""Create, change and delete collections."""

from typing import Any

from django.db import transaction

from accounts.journal import record, values_of
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Collection, Task
from dashboard.services.errors import EmptyName
from dashboard.services.jobs import jobs
from dashboard.services.training.descriptors import version_to_use


@transaction.atomic
def create_collection(
    *, task: Task, name: str, description: str = "", number: int | None = None, actor: User
) -> Collection:
    """Create an empty collection, whose version never changes.

    The version is the given one, or else the production version, or else the newest trained one.
    Raises `EmptyName`, `NoSuchVersion` and `NotTrained`.
    """
    if not name.strip():
        raise EmptyName("collection")
    # Deleting the task or a version of it takes the same lock.
    row = Task.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=task.pk)
    version = version_to_use(task=row, number=number)
    collection = Collection.objects.create(
        workspace=row.workspace,
        name=name.strip(),
        description=description,
        task=row,
        version=version,
    )
    _tell(Verb.CREATED, collection, actor)
    return collection


@transaction.atomic
def change_collection(*, collection: Collection, changes: dict[str, Any], actor: User) -> None:
    """Set any of `name` and `description`. Raises `EmptyName`."""
    if not changes:
        return
    if not changes.get("name", collection.name).strip():
        raise EmptyName("collection")
    was = values_of(collection, changes)
    for name, value in changes.items():
        setattr(collection, name, value.strip())
    collection.save(update_fields=[*changes, "modified"])
    _tell(Verb.CHANGED, collection, actor, was, values_of(collection, was))


@transaction.atomic
def delete_collection(*, collection: Collection, actor: User) -> None:
    """Delete a collection with its records and end work on it. The workspace's images are kept."""
    # Writers of records lock this row: they have finished, or will find the collection deleted.
    row = Collection.objects.select_for_update().get(pk=collection.pk)
    jobs.drop(subject_ids=list(row.fills.values_list("pk", flat=True)))
    was = values_of(row, ("name", "description", "task", "version"))
    _tell(Verb.DELETED, collection, actor, was, records=row.records_count)
    row.delete()


def _tell(
    verb: Verb,
    collection: Collection,
    actor: User,
    was: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
    **details: Any,
) -> None:
    record(
        workspace=collection.workspace,
        verb=verb,
        noun="collection",
        target_id=collection.id,
        target_name=collection.name,
        details=details,
        before=was,
        after=now,
        actor=actor,
    )
