"""Reading features."""

from collections.abc import Collection
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from accounts.models import Workspace
from dashboard.models import Feature


def features_of(
    workspace: Workspace, image_ids: Collection[UUID], encoder: str
) -> dict[UUID, NDArray[np.float16]]:
    """Return the features that are there, (dimension,) float16 each, by image."""
    rows = Feature.objects.in_workspace(workspace).filter(encoder=encoder, image__in=image_ids)
    return {
        image_id: np.frombuffer(vector, "<f2")
        for image_id, vector in rows.values_list("image_id", "vector")
    }
