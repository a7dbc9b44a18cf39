"""Read the rows of a workspace's archive, noun by noun, in constant memory.

Every function yields rows as `dashboard.files.exchange.transfer_rows` describes them, oldest first.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from accounts.models import Workspace
from dashboard.files.exchange.transfer_rows import Row, packed
from dashboard.models import (
    Collection,
    Encoder,
    Feature,
    Group,
    GroupImage,
    GroupNesting,
    GroupRegion,
    Image,
    Label,
    Record,
    Region,
    RegionFeature,
    SimilarityType,
    Task,
    Verification,
    Version,
)
from dashboard.models.base import ScopedModel
from dashboard.queries.library.images import images_in
from dashboard.queries.pages import batches
from dashboard.queries.training.encoders import SHIPPED

# A row may have a vector and JSON; memberships below are two ids, so more fit in a batch.
ROWS_AT_ONCE = 500
LIGHT_ROWS_AT_ONCE = 2000

M = TypeVar("M", bound=Model)


def by_age(rows: QuerySet[M], size: int = ROWS_AT_ONCE) -> Iterator[list[M]]:
    """Yield all rows in batches, oldest first, by the index that pages of lists use."""
    last: Any = None
    while True:
        left = rows
        if last is not None:
            # The form that one index can answer; see `dashboard.queries.pages`.
            left = rows.filter(created__gte=last.created)
            left = left.exclude(Q(created=last.created, pk__lte=last.pk))
        batch = list(left.order_by("created", "pk")[:size])
        if not batch:
            return
        yield batch
        last = batch[-1]


def _each(rows: QuerySet[M]) -> Iterator[M]:
    for batch in by_age(rows):
        yield from batch


def type_rows(workspace: Workspace) -> Iterator[Row]:
    """Yield the types."""
    for row in _each(SimilarityType.objects.in_workspace(workspace)):
        yield _thing(row, "name", "description", "exclusive", "fold_by")


def label_rows(workspace: Workspace) -> Iterator[Row]:
    """Yield the labels."""
    for row in _each(Label.objects.in_workspace(workspace)):
        yield _thing(row, "name", "description", "color", "output_name")


def image_batches(workspace: Workspace, size: int) -> Iterator[list[Image]]:
    """Yield the images in batches."""
    yield from by_age(images_in(workspace), size)


IMAGE_FIELDS = (
    *("file_name", "sha256", "stored_sha256", "extension", "width", "height", "file_size"),
    *("meta_data", "test_image", "real"),
)


def image_row(image: Image) -> Row:
    """Return the archive's row of an image."""
    return _thing(image, *IMAGE_FIELDS)


def feature_rows(image_ids: Iterable[UUID]) -> list[Row]:
    """Return the features of a batch of images."""
    rows = Feature.objects.filter(image__in=list(image_ids)).order_by("pk")
    return [
        {"image": str(image_id), "encoder": encoder, "vector": packed(vector)}
        for image_id, encoder, vector in rows.values_list("image_id", "encoder", "vector")
    ]


def region_feature_rows(image_ids: Iterable[UUID]) -> Iterator[Row]:
    """Yield the region features of a batch of images, however many there are."""
    sides = ("left", "top", "right", "bottom")
    rows = RegionFeature.objects.filter(image__in=list(image_ids)).order_by("pk")
    # Streamed: an image has one row of features for each encoder, but any number of regions.
    found = rows.values_list("image_id", "encoder", "vector", *sides)
    for image_id, encoder, vector, *box in found.iterator(chunk_size=ROWS_AT_ONCE):
        seen = {"image": str(image_id), "encoder": encoder, "vector": packed(vector)}
        yield seen | dict(zip(sides, box, strict=True))


def region_rows(workspace: Workspace) -> Iterator[Row]:
    """Yield the regions of present images."""
    rows = Region.objects.in_workspace(workspace).filter(image__deleted__isnull=True)
    for row in _each(rows):
        yield _thing(row, "left", "top", "right", "bottom", "meta_data") | {
            "image": str(row.image_id),
            "label": str(row.label_id),
        }


def group_rows(workspace: Workspace) -> Iterator[Row]:
    """Yield the groups."""
    for row in _each(Group.objects.in_workspace(workspace)):
        of_type = {"type": str(row.similarity_type_id)}
        yield _thing(row, "name", "description", "meta_data", "test_group") | of_type


def member_rows(workspace: Workspace) -> Iterator[Row]:
    """Yield the members of groups: images, then regions; type by type."""
    for model, noun in ((GroupImage, "image"), (GroupRegion, "region")):
        # With this order an import locks few groups in each of its batches.
        rows: QuerySet[Any] = model._base_manager.filter(group__workspace=workspace)
        rows = rows.order_by("similarity_type_id", "group_id", "pk")
        found = rows.values_list("group_id", f"{noun}_id", "similarity_type_id")
        for group_id, member_id, _ in found.iterator(chunk_size=LIGHT_ROWS_AT_ONCE):
            nobody = {"image": None, "region": None}
            yield {"group": str(group_id), **nobody, noun: str(member_id)}


def nesting_rows(workspace: Workspace) -> Iterator[Row]:
    """Yield the nestings of groups."""
    rows = GroupNesting.objects.filter(parent__workspace=workspace).order_by("pk")
    for parent, child in rows.values_list("parent_id", "child_id").iterator(LIGHT_ROWS_AT_ONCE):
        yield {"parent": str(parent), "child": str(child)}


def verification_rows(workspace: Workspace) -> Iterator[Row]:
    """Yield the verifications of users whose account exists."""
    rows = Verification.objects.in_workspace(workspace).filter(user__isnull=False)
    for row in _each(rows.select_related("user")):
        yield {
            "created": row.created.isoformat(),
            "email": row.user.email if row.user else "",
            "group": str(row.group_id) if row.group_id else None,
            "image": str(row.image_id) if row.image_id else None,
        }


def encoder_rows(workspace: Workspace) -> Iterator[Row]:
    """Yield the keys of registered encoders that tasks and versions need, without graphs."""
    of_versions = _finished_versions(workspace).values("encoder")
    of_tasks = Task.objects.in_workspace(workspace).values("encoder")
    rows = Encoder.objects.filter(Q(key__in=of_versions) | Q(key__in=of_tasks))
    for row in rows.exclude(key__in=SHIPPED).order_by("created", "pk"):
        yield _fields(row, "key", "name")


def task_rows(workspace: Workspace) -> Iterator[Row]:
    """Yield the tasks."""
    for row in _each(Task.objects.in_workspace(workspace)):
        types = row.type_rows.order_by("pk").values_list("similarity_type_id", flat=True)
        production = row.production_version_id
        yield _thing(row, "name", "description", "encoder", "versions_count") | {
            "types": [str(type_id) for type_id in types],
            "production": str(production) if production else None,
        }


def finished_versions(workspace: Workspace) -> Iterator[Version]:
    """Yield the versions whose training has ended."""
    yield from _each(_finished_versions(workspace))


def _finished_versions(workspace: Workspace) -> QuerySet[Version]:
    rows = Version.objects.in_workspace(workspace)
    # A training cannot be resumed elsewhere: its job and its lease stay here.
    return rows.exclude(status__in=Version.UNFINISHED)


def version_row(version: Version) -> Row:
    """Return the archive's row of a version."""
    # With the seed, so that the version can be reproduced where it is imported.
    names = ("number", "status", "detail", "encoder", "seed", "dimension", "metrics")
    return _thing(version, *names) | {
        "task": str(version.task_id),
        "trained": version.trained.isoformat() if version.trained else None,
    }


def collection_rows(workspace: Workspace) -> Iterator[Row]:
    """Yield the collections."""
    for row in _each(Collection.objects.in_workspace(workspace)):
        yield _thing(row, "name", "description") | {
            "task": str(row.task_id),
            "version": str(row.version_id),
        }


def record_rows(workspace: Workspace) -> Iterator[Row]:
    """Yield the records, collection by collection."""
    for collection in _each(Collection.objects.in_workspace(workspace)):
        rows = Record.objects.filter(collection=collection)
        # By id, for which a collection has an index. Records have no `created`.
        for batch in batches(rows, ROWS_AT_ONCE):
            for row in batch:
                yield {
                    "collection": str(collection.pk),
                    **_fields(row, "key", "fields"),
                    "vector": packed(row.vector),
                }


def _thing(row: ScopedModel, *names: str) -> Row:
    return {"id": str(row.pk), "created": row.created.isoformat(), **_fields(row, *names)}


def _fields(row: Any, *names: str) -> Row:
    return {name: getattr(row, name) for name in names}
