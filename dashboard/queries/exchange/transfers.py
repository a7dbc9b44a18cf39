"""Read exports and imports of a workspace."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import Transfer, Upload


def transfers_in(workspace: Workspace) -> QuerySet[Transfer]:
    """Return the workspace's exports and imports, with the users who started them."""
    return Transfer.objects.in_workspace(workspace).select_related("created_by", "upload")


def get_transfer(workspace: Workspace, transfer_id: UUID) -> Transfer:
    """Return one export or import. Raises `Transfer.DoesNotExist`."""
    return transfers_in(workspace).get(pk=transfer_id)


def find_import(upload: Upload) -> Transfer | None:
    """Return the import that an upload belongs to, or None."""
    return Transfer.objects.filter(upload=upload).first()
