"""Read an overview of a workspace, with bounded counts."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import Version
from dashboard.queries.library.groups import groups_in
from dashboard.queries.library.images import images_in
from dashboard.queries.library.similarity_types import types_in
from dashboard.queries.training.tasks import tasks_in
from dashboard.queries.training.versions import versions_in

COUNTED = 10_000


@dataclass(frozen=True)
class Overview:
    """The numbers of each noun, at most `COUNTED` + 1, and whether a version is trained."""

    images: int
    types: int
    groups: int
    tasks: int
    is_trained: bool


def overview(workspace: Workspace) -> Overview:
    """Count what the workspace has."""
    return Overview(
        images=bounded_count(images_in(workspace)),
        types=bounded_count(types_in(workspace)),
        groups=bounded_count(groups_in(workspace)),
        tasks=bounded_count(tasks_in(workspace)),
        is_trained=versions_in(workspace).filter(status=Version.Status.TRAINED).exists(),
    )


def bounded_count(rows: QuerySet[Any]) -> int:
    """Count rows, but never more than `COUNTED` + 1: the cost is the same at a million."""
    return rows.order_by()[: COUNTED + 1].count()
