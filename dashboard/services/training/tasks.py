"""Make tasks and attach types to them."""

from typing import Any

from django.db import transaction

from accounts.activity import record
from accounts.models import User, Workspace
from dashboard.models import SimilarityType, Task, TaskType
from dashboard.services.errors import EmptyName
from dashboard.services.training.describing import start_describing
from dashboard.services.training.encoder_choice import check_encoder
from dashboard.services.training.versions import check_unused, drop_versions


@transaction.atomic
def create_task(
    *, workspace: Workspace, name: str, description: str = "", encoder: str = "", actor: User
) -> Task:
    """Create a task without types; images are looked at by the encoder that it names.

    Raises `EmptyName`, `EncoderRefused`.
    """
    if not name.strip():
        raise EmptyName("task")
    check_encoder(encoder)
    task = Task.objects.create(
        workspace=workspace, name=name.strip(), description=description, encoder=encoder
    )
    _tell("created", task, actor)
    if encoder:
        start_describing(workspace=workspace, actor=actor)
    return task


@transaction.atomic
def add_type(*, task: Task, similarity_type: SimilarityType, actor: User) -> bool:
    """Attach a type of the same workspace; returns False if it was attached already."""
    _, added = TaskType.objects.get_or_create(task=task, similarity_type=similarity_type)
    if added:
        _tell("added a type to", task, actor, type=similarity_type.name)
    return added


@transaction.atomic
def remove_type(*, task: Task, similarity_type: SimilarityType, actor: User) -> bool:
    """Detach a type; its groups stay, and so do trained versions; False if it was not attached."""
    removed, _ = TaskType.objects.filter(task=task, similarity_type=similarity_type).delete()
    if removed:
        _tell("removed a type from", task, actor, type=similarity_type.name)
    return bool(removed)


@transaction.atomic
def change_task(*, task: Task, changes: dict[str, Any], actor: User) -> Task:
    """Set any of `name`, `description` and `encoder`. Raises `EmptyName`, `EncoderRefused`."""
    row = _locked(task)
    if not changes:
        return row
    before, encoder = row.name, row.encoder
    if not changes.get("name", row.name).strip():
        raise EmptyName("task")
    check_encoder(changes.get("encoder", ""))
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=[*changes, "modified"])
    _tell("changed", row, actor, fields=sorted(changes), before=before, after=row.name)
    if row.encoder not in ("", encoder):
        start_describing(workspace=row.workspace, actor=actor)
    return row


@transaction.atomic
def delete_task(*, task: Task, actor: User) -> None:
    """Delete a task with its versions; a training that is under way ends. The types stay.

    Raises `UsedByCollections`.
    """
    row = _locked(task)
    versions = list(row.versions.all())
    # Under the task's lock, which `create_collection` takes too: none can be made meanwhile.
    check_unused(row, versions)
    drop_versions(versions)
    _tell("deleted", row, actor)
    row.delete()


def _locked(task: Task) -> Task:
    rows = Task.objects.select_related("workspace").select_for_update(of=("self",))
    return rows.get(pk=task.pk)


def _tell(verb: str, task: Task, actor: User, **details: Any) -> None:
    record(
        workspace=task.workspace,
        verb=verb,
        noun="task",
        target_id=task.id,
        target_name=task.name,
        details=details,
        actor=actor,
    )
