"""Where a thing lives, for calls that name it without its workspace."""

from uuid import UUID

from django.db.models import Subquery

from dashboard.models.base import ScopedModel


def owning_workspace(model: type[ScopedModel], pk: UUID) -> Subquery:
    """Return the workspace of a thing, to be asked for together with who is a member there."""
    return Subquery(model._default_manager.filter(pk=pk).values("workspace_id")[:1])
