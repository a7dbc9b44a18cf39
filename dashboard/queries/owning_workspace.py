"""Find the workspace of a thing, for API calls that name it without its workspace."""

from uuid import UUID

from django.db.models import Subquery

from dashboard.models.base import ScopedModel


def owning_workspace(model: type[ScopedModel], pk: UUID) -> Subquery:
    """Return the workspace id of a thing as a subquery, to be read with the membership."""
    return Subquery(model._default_manager.filter(pk=pk).values("workspace_id")[:1])
