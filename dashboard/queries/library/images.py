"""Read images."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef

from accounts.models import Workspace
from dashboard.models import GroupImage, Image, Region
from dashboard.models.images import ImageQuerySet


def images_in(workspace: Workspace) -> ImageQuerySet:
    """Return the workspace's images."""
    return Image.objects.in_workspace(workspace).present()


def get_image(workspace: Workspace, image_id: UUID) -> Image:
    """Return one image. Raises `Image.DoesNotExist`."""
    return images_in(workspace).get(pk=image_id)


def images_by_sha256(workspace: Workspace, hashes: Collection[str]) -> dict[str, Image]:
    """Return the images with these contents by hash; a present one wins over a deleted one."""
    rows = Image.objects.in_workspace(workspace).filter(sha256__in=hashes)
    # One content may have several rows: each deletion keeps one. The dict keeps the last.
    newest_deleted_first = sorted(rows, key=lambda row: (row.deleted is None, row.created))
    return {row.sha256: row for row in newest_deleted_first}


def images_of_type(rows: ImageQuerySet, type_id: UUID) -> ImageQuerySet:
    """Keep the images that are in any group of the type."""
    members = GroupImage.objects.filter(similarity_type=type_id, image=OuterRef("pk"))
    return rows.filter(Exists(members))


def images_with_label(rows: ImageQuerySet, label_id: UUID) -> ImageQuerySet:
    """Keep the images that have a region with the label."""
    return rows.filter(Exists(Region.objects.filter(label=label_id, image=OuterRef("pk"))))
