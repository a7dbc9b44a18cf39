"""Read features."""

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray

from accounts.models import Workspace
from dashboard.models import Feature, Image, Region, RegionFeature
from dashboard.queries.library.images import images_in

IDS_AT_ONCE = 5000  # the number of parameters of a statement is limited


def features_of(
    workspace: Workspace, image_ids: Collection[UUID], encoder: str
) -> dict[UUID, NDArray[np.float16]]:
    """Return the existing features, (dimension,) float16 each, by image."""
    rows = Feature.objects.in_workspace(workspace).filter(encoder=encoder)
    return {
        image_id: np.frombuffer(vector, "<f2")
        for ids in _portions(list(image_ids))
        for image_id, vector in rows.filter(image__in=ids).values_list("image_id", "vector")
    }


def features_of_regions(
    workspace: Workspace, regions: Collection[Region], encoder: str
) -> dict[UUID, NDArray[np.float16]]:
    """Return the existing features of regions, for their current boxes, by region."""
    rows = RegionFeature.objects.in_workspace(workspace).filter(encoder=encoder)
    there = {
        (image_id, tuple(box)): np.frombuffer(vector, "<f2")
        for ids in _portions(list({region.image_id for region in regions}))
        for image_id, *box, vector in rows.filter(image__in=ids).values_list(
            "image_id", "left", "top", "right", "bottom", "vector"
        )
    }
    return {
        region.id: there[region.image_id, region.box]
        for region in regions
        if (region.image_id, region.box) in there
    }


def feature_of(image: Image, encoder: str) -> NDArray[np.float16] | None:
    """Return an image's features (dimension,), or None if they are not computed."""
    return features_of(image.workspace, [image.id], encoder).get(image.id)


def feature_ids_after(workspace: Workspace, encoder: str, after: int) -> list[int]:
    """Return the ids above `after` of the workspace's features by this encoder, ascending."""
    rows = Feature.objects.in_workspace(workspace).filter(encoder=encoder, pk__gt=after)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def features_by_id(ids: Sequence[int]) -> dict[int, NDArray[np.float16]]:
    """Return the features that are there, (dimension,) each, by ascending ids."""
    # The range adds nothing to the result; it lets the planner scan the primary key in order.
    rows = Feature.objects.filter(pk__gte=ids[0], pk__lte=ids[-1], pk__in=ids).order_by("pk")
    return {key: np.frombuffer(vector, "<f2") for key, vector in rows.values_list("pk", "vector")}


def images_of_features(workspace: Workspace, ids: Sequence[int]) -> dict[int, Image]:
    """Return the images of those of the features that are the workspace's, by feature id."""
    rows = Feature.objects.in_workspace(workspace).filter(pk__in=ids)
    image_ids = dict(rows.values_list("pk", "image_id"))
    images = images_in(workspace).in_bulk(list(image_ids.values()))
    return {key: images[one] for key, one in image_ids.items() if one in images}


def described_ids(image_ids: Sequence[UUID], encoder: str) -> set[UUID]:
    """Return the images that have features by this encoder."""
    rows = Feature.objects.filter(encoder=encoder)
    return {
        image_id
        for ids in _portions(image_ids)
        for image_id in rows.filter(image__in=ids).values_list("image_id", flat=True)
    }


def _portions(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), IDS_AT_ONCE):
        yield ids[start : start + IDS_AT_ONCE]


def _without(workspace: Workspace, encoder: str) -> QuerySet[Image]:
    there = Feature.objects.filter(image=OuterRef("pk"), encoder=encoder)
    return images_in(workspace).filter(~Exists(there))


def count_undescribed(workspace: Workspace, encoder: str) -> int:
    """Count the images that have no features by this encoder: a scan, for jobs only."""
    return _without(workspace, encoder).count()


def has_undescribed(workspace: Workspace, encoder: str) -> bool:
    """Return whether any image has no features by this encoder."""
    return _without(workspace, encoder).exists()


def undescribed(workspace: Workspace, encoder: str, after: UUID | None, size: int) -> list[Image]:
    """Return images that have no features by this encoder, by id, at most `size`."""
    rows = _without(workspace, encoder)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.order_by("pk")[:size])
