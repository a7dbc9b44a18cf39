"""Create, change and delete tasks, and attach types to them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.journal import record, values_of
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.models import SimilarityType, Task, TaskType
from dashboard.services.errors import EmptyName
from dashboard.services.journal.payloads import Lost, with_lost
from dashboard.services.training.describing import start_describing
from dashboard.services.training.encoder_choice import check_encoder
from dashboard.services.training.versions import check_unused, drop_versions

FIELDS = ("name", "description", "encoder")


@transaction.atomic
def create_task(
    *, workspace: Workspace, name: str, description: str = "", encoder: str = "", actor: User
) -> Task:
    """Create a task without types; an empty `encoder` means the workspace's.

    Raises `EmptyName` and `EncoderRefused`.
    """
    if not name.strip():
        raise EmptyName("task")
    check_encoder(encoder)
    task = Task.objects.create(
        workspace=workspace, name=name.strip(), description=description, encoder=encoder
    )
    _tell(Verb.CREATED, task, actor)
    if encoder:
        start_describing(workspace=workspace, actor=actor)
    return task


@transaction.atomic
def add_type(*, task: Task, similarity_type: SimilarityType, actor: User) -> bool:
    """Attach a type of the same workspace; return False if it was already attached."""
    _, added = TaskType.objects.get_or_create(task=task, similarity_type=similarity_type)
    if added:
        now = {"similarity_type": str(similarity_type.pk)}
        _tell_type(Verb.ADDED_TYPE, task, similarity_type, actor, now=now)
    return added


@transaction.atomic
def remove_type(*, task: Task, similarity_type: SimilarityType, actor: User) -> bool:
    """Detach a type, keeping its groups and trained versions; False if it was not attached."""
    removed, _ = TaskType.objects.filter(task=task, similarity_type=similarity_type).delete()
    if removed:
        was = {"similarity_type": str(similarity_type.pk)}
        _tell_type(Verb.REMOVED_TYPE, task, similarity_type, actor, was=was)
    return bool(removed)


@transaction.atomic
def change_task(*, task: Task, changes: dict[str, Any], actor: User) -> Task:
    """Set any of `name`, `description` and `encoder`. Raises `EmptyName`, `EncoderRefused`."""
    row = _locked(task)
    if not changes:
        return row
    before, encoder, was = row.name, row.encoder, values_of(row, changes)
    if not changes.get("name", row.name).strip():
        raise EmptyName("task")
    check_encoder(changes.get("encoder", ""))
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=[*changes, "modified"])
    told: dict[str, Any] = {"fields": sorted(changes), "before": before, "after": row.name}
    _tell(Verb.CHANGED, row, actor, was, values_of(row, was), **told)
    if row.encoder not in ("", encoder):
        start_describing(workspace=row.workspace, actor=actor)
    return row


@transaction.atomic
def delete_task(*, task: Task, actor: User) -> None:
    """Delete a task with its versions and end a running training. The types are kept.

    Raises `UsedByCollections`.
    """
    row = _locked(task)
    versions = list(row.versions.all())
    # Under the task's lock, which `create_collection` takes, too: none can be created meanwhile.
    check_unused(row, versions)
    drop_versions(versions)
    lost = Lost()
    lost.link("types", row.type_rows.values_list("task", "similarity_type"))
    _tell(Verb.DELETED, row, actor, with_lost(values_of(row, FIELDS), lost))
    row.delete()


def _locked(task: Task) -> Task:
    rows = Task.objects.select_related("workspace").select_for_update(of=("self",))
    return rows.get(pk=task.pk)


def _tell_type(
    verb: Verb,
    task: Task,
    similarity_type: SimilarityType,
    actor: User,
    was: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
) -> None:
    members = [similarity_type.pk]
    _tell(verb, task, actor, was, now, members, type=similarity_type.name)


def _tell(
    verb: Verb,
    task: Task,
    actor: User,
    was: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
    members: Sequence[UUID] | None = None,
    **details: Any,
) -> None:
    record(
        workspace=task.workspace,
        verb=verb,
        noun="task",
        target_id=task.id,
        target_name=task.name,
        details=details,
        before=was,
        after=now,
        members=members,
        actor=actor,
    )
