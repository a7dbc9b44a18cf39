"""Read verifications."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import Verification


def group_verifications_in(workspace: Workspace) -> QuerySet[Verification]:
    """Return the verifications of the workspace's groups."""
    return Verification.objects.in_workspace(workspace).filter(group__isnull=False)


def image_verifications_in(workspace: Workspace) -> QuerySet[Verification]:
    """Return the verifications of the workspace's images."""
    return Verification.objects.in_workspace(workspace).filter(image__isnull=False)


def get_group_verification(workspace: Workspace, verification_id: UUID) -> Verification:
    """Return one verification of a group. Raises `Verification.DoesNotExist`."""
    return group_verifications_in(workspace).get(pk=verification_id)


def get_image_verification(workspace: Workspace, verification_id: UUID) -> Verification:
    """Return one verification of an image. Raises `Verification.DoesNotExist`."""
    return image_verifications_in(workspace).get(pk=verification_id)
