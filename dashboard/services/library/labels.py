"""Create, change and delete labels."""

from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.journal import record, values_of
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.models import DEFAULT_LABEL, Label, Region
from dashboard.services.errors import DefaultLabelStays, EmptyName, LabelInUse
from dashboard.services.journal.payloads import with_lost
from dashboard.services.library.regions import discard_regions
from dashboard.services.row_locks import lock_all

FIELDS = ("name", "description", "color", "output_name")


@transaction.atomic
def create_label(*, workspace: Workspace, fields: dict[str, Any], actor: User) -> Label:
    """Create a label with a `name` and optionally `description`, `color` and `output_name`.

    Raises `EmptyName`.
    """
    if not fields["name"].strip():
        raise EmptyName("label")
    label = Label.objects.create(workspace=workspace, **fields)
    _tell(Verb.CREATED, label, actor)
    return label


@transaction.atomic
def change_label(*, label: Label, changes: dict[str, Any], actor: User) -> Label:
    """Set any of `name`, `description`, `color` and `output_name`.

    Raises `EmptyName` and `DefaultLabelStays`; then nothing is changed.
    """
    row, is_last_default = _held(label)
    if not changes:
        return row
    before, was = row.name, values_of(row, changes)
    if not changes.get("name", before).strip():
        raise EmptyName("label")
    if is_last_default and changes.get("name", before) != before:
        raise DefaultLabelStays(row)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=[*changes, "modified"])
    told = {"fields": sorted(changes), "before": before, "after": row.name}
    _tell(Verb.CHANGED, row, actor, was, values_of(row, was), **told)
    return row


@transaction.atomic
def delete_label(*, label: Label, force: bool = False, actor: User) -> int:
    """Delete a label and its regions; return how many regions. Their images are kept.

    Raises `DefaultLabelStays`, and `LabelInUse` unless `force`.
    """
    row, is_last_default = _held(label)
    if is_last_default:
        raise DefaultLabelStays(row)
    regions = Region.objects.filter(label=row)
    count = regions.count()
    if count and not force:
        raise LabelInUse(row, count)
    lost = discard_regions(regions)
    _tell(Verb.DELETED, row, actor, with_lost(values_of(row, FIELDS), lost), objects=count)
    row.delete()
    return count


def _held(label: Label) -> tuple[Label, bool]:
    """Return the label as it is now, locked, and whether it is the last with the default name."""
    rows = Label.objects.in_workspace(label.workspace).select_related("workspace")
    # All that are named `object`: of two people who rename the last two, one has to be refused.
    held = {row.pk: row for row in lock_all(rows.filter(Q(pk=label.pk) | Q(name=DEFAULT_LABEL)))}
    if label.pk not in held:
        raise Label.DoesNotExist("The label was deleted in the meantime.")
    row = held[label.pk]
    named = [other for other in held.values() if other.name == DEFAULT_LABEL]
    return row, named == [row]


def _tell(
    verb: Verb,
    label: Label,
    actor: User,
    was: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
    **details: Any,
) -> None:
    record(
        workspace=label.workspace,
        verb=verb,
        noun="label",
        target_id=label.id,
        target_name=label.name,
        details=details,
        before=was,
        after=now,
        actor=actor,
    )
