"""Reading groups."""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import Workspace
from dashboard.models import Group, GroupImage
from dashboard.models.base import ScopedQuerySet


def groups_in(workspace: Workspace) -> ScopedQuerySet[Group]:
    """Return the workspace's groups with their types."""
    return Group.objects.in_workspace(workspace).select_related("similarity_type")


def get_group(workspace: Workspace, group_id: UUID) -> Group:
    """Return one group; raises `Group.DoesNotExist`."""
    return groups_in(workspace).get(pk=group_id)


def covers(groups: Iterable[Group], each: int = 4) -> dict[UUID, list[GroupImage]]:
    """Return up to `each` newest images of every group on a page: one query a group and page."""
    found: dict[UUID, list[GroupImage]] = {}
    for group in groups:
        rows = GroupImage.objects.filter(group=group, image__deleted__isnull=True)
        found[group.pk] = list(
            rows.select_related("image").order_by("-image_created", "-image")[:each]
        )
    return found
