"""Create, change and delete similarity types."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.journal import record, values_of
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.models import Extraction, Fill, Group, SimilarityType
from dashboard.services.errors import EmptyName, InSeveralGroups, TypeHasGroups
from dashboard.services.jobs.dropping import drop_extractions, drop_fills
from dashboard.services.journal.payloads import MOST_ROWS, Lost, with_lost
from dashboard.services.library.groups import FIELDS as GROUP_FIELDS
from dashboard.services.library.groups import discard_groups
from dashboard.services.library.members import IMAGES, REGIONS, in_several_groups
from dashboard.services.row_locks import lock_all, lock_pks

FIELDS = ("name", "description", "exclusive", "fold_by")


@transaction.atomic
def create_type(
    *,
    workspace: Workspace,
    name: str,
    description: str = "",
    exclusive: bool,
    fold_by: str = "",
    actor: User,
) -> SimilarityType:
    """Create a type; `exclusive` allows an image in only one of its groups.

    `fold_by` is a key of metadata: groups whose images share a value are tested together. Raises
    `EmptyName`.
    """
    if not name.strip():
        raise EmptyName("similarity type")
    similarity_type = SimilarityType.objects.create(
        workspace=workspace,
        name=name.strip(),
        description=description,
        exclusive=exclusive,
        fold_by=fold_by.strip(),
    )
    _tell(Verb.CREATED, similarity_type, actor)
    return similarity_type


def find_or_make_type(
    *, workspace: Workspace, name: str, exclusive: bool
) -> tuple[SimilarityType, bool]:
    """Find or create a type as part of a larger, recorded change; return if it was created."""
    lock_all(Workspace.objects.filter(pk=workspace.pk))
    found = _oldest(workspace, name)
    if found is not None:
        return found, False
    made = SimilarityType.objects.create(
        workspace=workspace, name=name.strip(), exclusive=exclusive
    )
    return made, True


def _oldest(workspace: Workspace, name: str) -> SimilarityType | None:
    rows = SimilarityType.objects.in_workspace(workspace).filter(name=name.strip())
    return rows.order_by("created", "id").first()


@transaction.atomic
def change_type(
    *, similarity_type: SimilarityType, changes: dict[str, Any], actor: User
) -> SimilarityType:
    """Set any of `name`, `description`, `exclusive` and `fold_by`.

    Raises `EmptyName` and `InSeveralGroups`; then nothing is changed.
    """
    row = _locked(similarity_type)
    if not changes:
        return row
    before, was = row.name, values_of(row, changes)
    if not changes.get("name", row.name).strip():
        raise EmptyName("similarity type")
    if "exclusive" in changes:
        set_exclusive(row, exclusive=changes["exclusive"])
    if "fold_by" in changes:
        changes = changes | {"fold_by": changes["fold_by"].strip()}
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=[*changes, "modified"])
    told = {"fields": sorted(changes), "before": before, "after": row.name}
    _tell(Verb.CHANGED, row, actor, was, values_of(row, was), **told)
    return row


def set_exclusive(similarity_type: SimilarityType, *, exclusive: bool) -> None:
    """Update the copies of `exclusive` in the memberships. Raises `InSeveralGroups`."""
    # Services that add members to these groups lock them, and read the type after that.
    lock_pks(Group.objects.filter(similarity_type=similarity_type))
    for kind in (IMAGES, REGIONS):
        if exclusive and (several := in_several_groups(kind, similarity_type)):
            raise InSeveralGroups(kind.noun, *several)
        rows = kind.rows.objects.filter(similarity_type=similarity_type)
        rows.update(exclusive=exclusive)


@transaction.atomic
def delete_type(*, similarity_type: SimilarityType, force: bool = False, actor: User) -> int:
    """Delete a type and its groups, and detach it from tasks; return how many groups.

    Trained versions and the groups' images are kept. Raises `TypeHasGroups` unless `force`.
    """
    lock_all(Workspace.objects.filter(pk=similarity_type.workspace_id))
    row = _locked(similarity_type)
    groups = Group.objects.filter(similarity_type=row)
    count = groups.count()
    if count and not force:
        raise TypeHasGroups(row, count)
    drop_work_on_types([row])
    lost = Lost()
    if count:
        kept = list(groups.order_by()[: MOST_ROWS + 1])
        lost.keep("group_rows", [values_of(group, ("id", *GROUP_FIELDS)) for group in kept])
    discard_groups(groups, lost)
    lost.link("types", row.task_rows.values_list("task", "similarity_type"))
    _tell(Verb.DELETED, row, actor, with_lost(values_of(row, FIELDS), lost), groups=count)
    row.delete()
    return count


def drop_work_on_types(types: Sequence[SimilarityType]) -> None:
    """End the extractions and fills of types that are deleted: their rows are deleted with them."""
    drop_extractions(Extraction.objects.filter(similarity_type__in=types))
    drop_fills(Fill.objects.filter(similarity_type__in=types))


def _locked(similarity_type: SimilarityType) -> SimilarityType:
    rows = SimilarityType.objects.select_related("workspace").select_for_update(
        of=("self",), no_key=True
    )
    return rows.get(pk=similarity_type.pk)


def _tell(
    verb: Verb,
    similarity_type: SimilarityType,
    actor: User,
    was: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
    **details: Any,
) -> None:
    record(
        workspace=similarity_type.workspace,
        verb=verb,
        noun="type",
        target_id=similarity_type.id,
        target_name=similarity_type.name,
        details=details,
        before=was,
        after=now,
        actor=actor,
    )
