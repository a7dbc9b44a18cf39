"""Train a version again from what it kept, to see that the same comes out."""

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
SAME = 1e-5  # of one number in a descriptor, from which on two are not the same


@dataclass(frozen=True)
class Reproduction:
    """What a second training from the same gave.

    `difference` is the largest between two numbers of the descriptors of everything that was
    trained on, by either model; `changed` names what the training depends on that is not as it
    was: `code`, `numpy`, `data` and so on.
    """

    described: int
    difference: float
    changed: list[str]

    @property
    def is_same(self) -> bool:
        """Say whether the descriptors are the same."""
        return self.difference <= SAME


def train_again(*, version: Version) -> Reproduction:
    """Train from the version's snapshot, seed and encoder, and compare; nothing is kept.

    Images, boxes, groups and test marks are those of then, whatever was changed since. Raises
    `NotReproducible` if an image, a type or the snapshot itself is gone, `ModelUnusable`.
    """
    before = load_model(version)
    try:
        seen = kept_snapshot(version.task, read_snapshot(version))
    except SnapshotLost as error:
        raise NotReproducible(version, str(error)) from error
    images, regions = list(seen.images.values()), list(seen.regions.values())
    ensure_features(images=images, regions=regions, encoder_key=version.encoder)
    data = training_set(version, seen)
    # Without the version in production: it is only compared with, and changes no head.
    after = training.fit(data, prior=runtime.prior(version.encoder))
    features = np.concatenate([one.features for one in data.types])
    difference = _difference(before.describe(features), after.describe(features))
    changed = [name for name, value in before.made.items() if after.made.get(name) != value]
    return Reproduction(len(features), difference, changed)


def _difference(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Return the largest difference; the most there can be where another mix has another length."""
    if before.shape != after.shape:
        return MOST
    return float(np.abs(before - after).max())
