"""Reading similarity types."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import SimilarityType


def types_in(workspace: Workspace) -> QuerySet[SimilarityType]:
    """Return the workspace's similarity types."""
    return SimilarityType.objects.in_workspace(workspace)


def get_type(workspace: Workspace, type_id: UUID) -> SimilarityType:
    """Return one type; raises `SimilarityType.DoesNotExist`."""
    return types_in(workspace).get(pk=type_id)
