"""Read labels."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import Label


def labels_in(workspace: Workspace) -> QuerySet[Label]:
    """Return the workspace's labels."""
    return Label.objects.in_workspace(workspace)


def get_label(workspace: Workspace, label_id: UUID) -> Label:
    """Return one label. Raises `Label.DoesNotExist`."""
    return labels_in(workspace).get(pk=label_id)
