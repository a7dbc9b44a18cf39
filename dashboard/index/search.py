"""Search among a workspace's images: in what a process holds, kept current, and scoped again."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from accounts.models import Workspace
from dashboard.engine.index import ExactIndex
from dashboard.engine.trained_model import TrainedModel
from dashboard.index.shared_lock import SharedLock
from dashboard.models import Image, Version
from dashboard.queries.training.features import (
    feature_ids_after,
    features_by_id,
    images_of_features,
)
from dashboard.runtime import Cache

VECTORS_HELD = 8  # what goes is described again at its next use
ROWS_AT_ONCE = 5000
SPARE = 50  # deleted images among the nearest are passed over


class Vectors:
    """The descriptors of a workspace by one model, searched exactly, kept current by each search.

    Ids are feature rows. A newer row may be committed after an older one was read, so each
    refresh looks again at the last `OVERLAP` ids. Share `lock` to search, have it alone to add.
    Hold `refreshing` while you describe what is missing.
    """

    # A row that is committed after a thousand newer ones is only found after a restart.
    OVERLAP = 1000

    def __init__(self, dimension: int) -> None:
        self.index = ExactIndex(dimension)
        self.last = 0
        self.lock = SharedLock()
        self.refreshing = threading.Lock()

    def missing(self, ids: Sequence[int]) -> list[int]:
        """Return those of the ids that are not held."""
        return [one for one in ids if not self.index.has(one)]


_vectors: Cache[tuple[UUID, UUID | str], Vectors] = Cache(VECTORS_HELD)


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
    with held_vectors(workspace, version, model) as held:
        found = held.index.search(query, k + SPARE)
    images = images_of_features(workspace, [int(key) for key in found.ids])
    hits = [
        Hit(images[int(key)], 1 - float(distance))
        for key, distance in zip(found.ids, found.distances, strict=True)
        if int(key) in images
    ]
    return hits[:k]


@contextmanager
def held_vectors(
    workspace: Workspace, version: Version | None, model: TrainedModel
) -> Iterator[Vectors]:
    """Give what this process holds of a workspace's descriptors, unchanged until the block ends.

    All features that were committed before the call are in it, described. A thread that misses
    some describes them, or waits for the thread that does; one that misses none waits for neither.
    """
    # Untrained embeddings are alike for all tasks, so they are held once for each encoder.
    of = version.id if version else model.encoder
    held = _vectors.get((workspace.id, of), partial(Vectors, model.dimension))
    _refresh(held, workspace, model)
    with held.lock.shared():
        yield held


def _refresh(held: Vectors, workspace: Workspace, model: TrainedModel) -> None:
    # Ids are given at INSERT and seen at COMMIT: a lower one may appear after a higher one.
    ids = feature_ids_after(workspace, model.encoder, held.last - held.OVERLAP)
    if not (new := held.missing(ids)):
        return
    with held.refreshing:
        # Asked again: the thread that was here before may have added the same rows.
        new = held.missing(new)
        for start in range(0, len(new), ROWS_AT_ONCE):
            _add(held, new[start : start + ROWS_AT_ONCE], model)
        held.last = max([held.last, *new])


def _add(held: Vectors, ids: Sequence[int], model: TrainedModel) -> None:
    """Describe rows and add them; those that were deleted meanwhile are passed over."""
    features = features_by_id(ids)
    if not features:
        return
    # Described before the lock is taken: searches of what is held do not wait for it.
    rows = model.describe(np.stack(list(features.values())))
    with held.lock.alone():
        held.index.add(list(features), rows)
