"""Read similarity types."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import SimilarityType
from dashboard.queries.names import holding


def types_in(workspace: Workspace) -> QuerySet[SimilarityType]:
    """Return the workspace's similarity types."""
    return SimilarityType.objects.in_workspace(workspace)


def find_types(workspace: Workspace, name: str) -> QuerySet[SimilarityType]:
    """Return the types whose name contains `name`, ignoring case; all of them if it is empty."""
    rows = types_in(workspace)
    return holding(rows, "name", name) if name else rows


def get_type(workspace: Workspace, type_id: UUID) -> SimilarityType:
    """Return one type. Raises `SimilarityType.DoesNotExist`."""
    return types_in(workspace).get(pk=type_id)


def types_offered(workspace: Workspace, most: int = 50) -> list[SimilarityType]:
    """Return up to `most` types to choose from, by name."""
    return list(types_in(workspace).order_by("name", "id")[:most])
