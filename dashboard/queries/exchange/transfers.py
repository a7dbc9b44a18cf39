"""Reading exports and imports of a workspace."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import Transfer, Upload


def transfers_in(workspace: Workspace) -> QuerySet[Transfer]:
    """Return the workspace's exports and imports, with who asked for them."""
    return Transfer.objects.in_workspace(workspace).select_related("created_by", "upload")


def get_transfer(workspace: Workspace, transfer_id: UUID) -> Transfer:
    """Return one of them; raises `Transfer.DoesNotExist`."""
    return transfers_in(workspace).get(pk=transfer_id)


def find_import(upload: Upload) -> Transfer | None:
    """Return the import of what was uploaded, or None if it was not begun."""
    return Transfer.objects.filter(upload=upload).first()
