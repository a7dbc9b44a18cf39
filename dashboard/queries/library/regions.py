"""Read regions, which the API calls objects."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import Group, Region


def regions_in(workspace: Workspace) -> QuerySet[Region]:
    """Return the regions of the workspace's images, with image and label."""
    return _shown(Region.objects.in_workspace(workspace))


def get_region(workspace: Workspace, region_id: UUID) -> Region:
    """Return one region. Raises `Region.DoesNotExist`."""
    return regions_in(workspace).get(pk=region_id)


def regions_of_group(group: Group) -> QuerySet[Region]:
    """Return a group's own regions."""
    return _shown(Region.objects.filter(workspace=group.workspace_id, group_rows__group=group))


def _shown(rows: QuerySet[Region]) -> QuerySet[Region]:
    return rows.filter(image__deleted__isnull=True).select_related("image", "label")
