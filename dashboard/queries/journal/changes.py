"""Read changes: all of a workspace, those after a number, those of one thing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Change, Workspace
from accounts.verbs import Verb

# Columns that no page shows and that may be large.
PAYLOAD = ("before", "after", "members")


def changes_in(workspace: Workspace) -> QuerySet[Change]:
    """Return the workspace's changes, without the payload that only an undo needs."""
    return Change.objects.filter(workspace=workspace).defer(*PAYLOAD)


def since(workspace: Workspace, sequence: int, limit: int) -> list[Change]:
    """Return the next changes after a number, with payloads, oldest first.

    A reader that has seen a number has seen all below it: only committed rows get numbers, in
    order. Call `services.journal.numbers.number_changes` first to number those that lack one.
    """
    rows = Change.objects.filter(workspace=workspace, sequence__gt=sequence)
    return list(rows.select_related("actor").order_by("sequence")[:limit])


def changes_of(workspace: Workspace, target_id: UUID) -> QuerySet[Change]:
    """Return the changes of one thing, newest first."""
    return changes_in(workspace).filter(target_id=target_id).order_by("-id")


def find_change(workspace: Workspace, target_id: UUID, verb: Verb) -> Change | None:
    """Return the last change of one thing with this verb, or None."""
    return changes_of(workspace, target_id).filter(verb=verb).first()


def workspaces_to_number() -> QuerySet[Workspace]:
    """Return the workspaces that have changes without a number."""
    waiting = Change.objects.filter(workspace=OuterRef("pk"), sequence__isnull=True)
    return Workspace.objects.filter(Exists(waiting)).order_by("pk")


def payloads_before(moment: datetime) -> QuerySet[Any, int]:
    """Return the ids of older changes that still have a payload."""
    rows = Change.objects.filter(created__lt=moment, has_payload=True)
    return rows.order_by("pk").values_list("pk", flat=True)
