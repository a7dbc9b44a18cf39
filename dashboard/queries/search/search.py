"""Search among a workspace's images: what each process holds, kept up, and scoped again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accounts.models import Workspace
from dashboard import runtime
from dashboard.engine.trained_model import TrainedModel
from dashboard.models import Feature, Image, Version
from dashboard.queries.library.images import images_in

ROWS_AT_ONCE = 5000
SPARE = 50  # deleted images among the nearest are passed over


@dataclass(frozen=True)
class Hit:
    """An image and how alike it is: cosine from -1 to 1."""

    image: Image
    score: float

    @property
    def percent(self) -> int:
        """Return the score for people, never below zero."""
        return max(0, round(100 * self.score))


def nearest(
    workspace: Workspace,
    version: Version | None,
    model: TrainedModel,
    query: NDArray[np.float32],
    k: int,
) -> list[Hit]:
    """Return the k most alike images of the workspace, the most alike first.

    `query` is a descriptor (dimension,) by the same model. Images that were not looked at yet are
    not found; what was deleted, or belongs elsewhere, is not shown whatever memory holds.
    """
    held = _refreshed(workspace, version, model)
    found = held.index.search(query, k + SPARE)
    rows = Feature.objects.in_workspace(workspace).filter(pk__in=found.ids)
    image_ids = dict(rows.values_list("pk", "image_id"))
    images = images_in(workspace).in_bulk(list(image_ids.values()))
    hits = [
        Hit(images[image_ids[int(key)]], 1 - float(distance))
        for key, distance in zip(found.ids, found.distances, strict=True)
        if image_ids.get(int(key)) in images
    ]
    return hits[:k]


def _refreshed(
    workspace: Workspace, version: Version | None, model: TrainedModel
) -> runtime.Vectors:
    """Add the features that were computed since this process last looked."""
    # Untrained embeddings are alike for all tasks, so they are held once for each encoder.
    of = version.id if version else model.encoder
    held = runtime.vectors(workspace.id, of, model.dimension)
    with held.lock:
        rows = Feature.objects.in_workspace(workspace).filter(encoder=model.encoder)
        # Ids are given at INSERT and seen at COMMIT: a lower one may appear after a higher one.
        ids = rows.filter(pk__gt=held.last - held.OVERLAP).order_by("pk")
        new = [key for key in ids.values_list("pk", flat=True) if not held.index.has(key)]
        for start in range(0, len(new), ROWS_AT_ONCE):
            _add(held, new[start : start + ROWS_AT_ONCE], model)
        held.last = max([held.last, *new])
    return held


def _add(held: runtime.Vectors, keys: Sequence[int], model: TrainedModel) -> None:
    # The range adds nothing to the result; it lets the planner scan the primary key in order.
    rows = Feature.objects.filter(pk__gte=keys[0], pk__lte=keys[-1], pk__in=keys).order_by("pk")
    pairs = list(rows.values_list("pk", "vector"))
    features = np.stack([np.frombuffer(vector, "<f2") for _, vector in pairs])
    held.index.add([key for key, _ in pairs], model.describe(features))
