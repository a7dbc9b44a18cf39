"""Read extractions and their images."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import Extraction, Feature, Fill, GroupImage, Image, Upload
from dashboard.queries.library.image_filters import read_filter
from dashboard.queries.library.image_tiles import filtered_images
from dashboard.queries.library.images import images_in


def extractions_in(workspace: Workspace) -> QuerySet[Extraction]:
    """Return the workspace's extractions with their versions."""
    rows = Extraction.objects.in_workspace(workspace)
    return rows.select_related("version__task", "group", "similarity_type", "upload")


def get_extraction(workspace: Workspace, extraction_id: UUID) -> Extraction:
    """Return one extraction. Raises `Extraction.DoesNotExist`."""
    return extractions_in(workspace).get(pk=extraction_id)


def find_extraction(upload: Upload) -> Extraction | None:
    """Return the extraction that an upload's images are for, or None."""
    return Extraction.objects.filter(upload=upload).first()


def images_to_describe(extraction: Extraction) -> QuerySet[Image]:
    """Return the images of an extraction, by id.

    Raises `ObjectDoesNotExist` if its filter names a deleted group or type.
    """
    workspace = extraction.workspace
    rows = filtered_images(workspace, read_filter(workspace, extraction.filter))
    # By id, which never changes: a run after a kill must read the images in the same order.
    return _narrowed(rows, extraction).order_by("pk")


def images_to_fill(fill: Fill) -> QuerySet[Image]:
    """Return the images to add to a collection, by id."""
    return _narrowed(images_in(fill.workspace), fill).order_by("pk")


def _narrowed(rows: QuerySet[Image], to: Extraction | Fill) -> QuerySet[Image]:
    """Keep the images of a group or a type, if one is given."""
    members = GroupImage.objects.all()
    if to.group_id is not None:
        rows = rows.filter(pk__in=members.filter(group=to.group_id).values("image"))
    elif to.similarity_type_id is not None:
        kind = to.similarity_type_id
        rows = rows.filter(pk__in=members.filter(similarity_type=kind).values("image"))
    return rows


def images_described(extraction: Extraction) -> QuerySet[Image]:
    """Return the extraction's images that have features: all but those deleted meanwhile."""
    described = Feature.objects.filter(encoder=extraction.version.encoder)
    return images_to_describe(extraction).filter(pk__in=described.values("image"))


def group_names(image_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the names of each image's groups."""
    found: dict[UUID, list[str]] = {}
    # By age, so that a name keeps its place in the list when another is added.
    rows = GroupImage.objects.filter(image__in=image_ids).order_by("id")
    for image_id, name in rows.values_list("image_id", "group__name"):
        found.setdefault(image_id, []).append(name)
    return found
