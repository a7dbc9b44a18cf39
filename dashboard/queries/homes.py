"""Where a thing lives, for calls that name it without its workspace."""

from uuid import UUID

from accounts.models import User
from dashboard.models.base import ScopedModel


def find_home(model: type[ScopedModel], pk: UUID, user: User) -> UUID | None:
    """Return the workspace of a thing if the user is a member there, or None."""
    rows = model._default_manager.filter(pk=pk, workspace__memberships__user=user)
    return rows.values_list("workspace_id", flat=True).first()
