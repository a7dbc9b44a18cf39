"""Compute the basis, scatters and untrained head from drawn images' features."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.heads import DIMENSION, discriminant, positive_peaks
from dashboard.engine.prior import Scatters
from dashboard.engine.scatter import Floats, Integers, group_statistics, mixture

FEATURES = 512

# Things count three times: with equal weights MAP@R of untrained products falls by 6 (of 41), of
# colourways by 9 (of 44); regions of photos lose 2 by it, letters 4 (of 50).
WEIGHTS = {"thing": 3.0, "sign": 1.0, "region": 1.0}

# The emphasis of other priors; no other shares were tried.
LEANINGS = {
    "regions": {"thing": 1.0, "sign": 0.5, "region": 6.0},
    "signs": {"thing": 1.0, "sign": 6.0, "region": 0.5},
}


class Basis(NamedTuple):
    """Maps 3,360 answers to 512 features: subtract `mean` (w,), multiply by `axes` (w, k)."""

    mean: NDArray[np.float32]
    axes: NDArray[np.float16]

    def project(self, answers: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features (n, k) of answers (n, w)."""
        return (answers - self.mean) @ self.axes.astype(np.float32)


def principal_basis(answers: NDArray[np.float32], size: int = FEATURES) -> Basis:
    """Return the axes along which the answers (n, w) spread most, signs fixed by a rule."""
    mean = answers.mean(axis=0, dtype=np.float64)
    scatter = np.zeros((answers.shape[1], answers.shape[1]))
    for part in np.array_split(answers, max(1, len(answers) // 1000)):
        centred = part - mean
        scatter += centred.T @ centred
    axes = np.linalg.eigh(scatter)[1][:, ::-1][:, :size]
    return Basis(mean.astype(np.float32), positive_peaks(axes).astype(np.float16))


class PriorArrays(NamedTuple):
    """The arrays of the shipped prior: scatters (k, k) and the untrained directions (k, d)."""

    within: Floats
    between: Floats
    directions: NDArray[np.float32]


def scatters(
    features: NDArray[np.floating],
    likenesses: list[str],
    groups: Integers,
    weights: Mapping[str, float],
) -> Scatters:
    """Sum up the images' features (n, k); a kind of similarity counts by its weight alone.

    The number of images of a kind changes how well it is known, not how much it counts.
    """
    kinds = np.array(likenesses)
    parts = [
        (weights[kind], group_statistics(features[kinds == kind], groups[kinds == kind], cap=1000))
        for kind in sorted(set(likenesses))
    ]
    return Scatters(
        mixture([(weight, part.within) for weight, part in parts]),
        mixture([(weight, part.between()) for weight, part in parts]),
    )


def prior_arrays(
    features: NDArray[np.floating], likenesses: list[str], groups: Integers
) -> PriorArrays:
    """Compute the usual prior from the images' features (n, k), with its untrained head."""
    within, between = scatters(features, likenesses, groups, WEIGHTS)
    directions = discriminant(within, [(1.0, between)], DIMENSION)
    return PriorArrays(within, between, directions.astype(np.float32))
