"""Train a version again from its snapshot, to check that the result is the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard import runtime
from dashboard.engine import training
from dashboard.models import Version
from dashboard.queries.training.snapshots import SnapshotLost, kept_snapshot
from dashboard.queries.training.training_set import training_set
from dashboard.services.errors import NotReproducible
from dashboard.services.training.features import ensure_features
from dashboard.services.training.loading import load_model
from dashboard.services.training.training import read_snapshot

MOST = 2.0  # two numbers of rows of unit length differ by no more
SAME = 1e-5  # in one number of a descriptor; a larger difference means another result


@dataclass(frozen=True)
class Reproduction:
    """The result of a second training from the same data.

    `difference` is the largest one between two numbers of the descriptors of all training data, by
    either model; `changed` names the inputs of the training that are no longer the same: `code`,
    `numpy`, `data` and so on.
    """

    described: int
    difference: float
    changed: list[str]

    @property
    def is_same(self) -> bool:
        """Return whether the descriptors are the same."""
        return self.difference <= SAME


def train_again(*, version: Version) -> Reproduction:
    """Train from the version's snapshot, seed and encoder, and compare; nothing is stored.

    Images, boxes, groups and test marks are those of the snapshot, whatever was changed since.
    Raises `NotReproducible` if an image, a type or the snapshot itself was deleted, and
    `ModelUnusable`.
    """
    before = load_model(version)
    try:
        seen = kept_snapshot(version.task, read_snapshot(version))
    except SnapshotLost as error:
        raise NotReproducible(version, str(error)) from error
    images, regions = list(seen.images.values()), list(seen.regions.values())
    ensure_features(images=images, regions=regions, encoder_key=version.encoder)
    data = training_set(version, seen)
    # Without the production version: it is only compared with, and changes no head.
    after = training.fit(data, prior=runtime.prior(version.encoder))
    features = np.concatenate([one.features for one in data.types])
    difference = _difference(before.describe(features), after.describe(features))
    changed = [name for name, value in before.made.items() if after.made.get(name) != value]
    return Reproduction(len(features), difference, changed)


def _difference(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Return the largest difference; `MOST` if the descriptors have different dimensions."""
    if before.shape != after.shape:
        return MOST
    return float(np.abs(before - after).max())
