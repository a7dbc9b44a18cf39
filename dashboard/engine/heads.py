"""Fit the head of a similarity type: the closed-form map from features to descriptors.

Linear discriminant analysis (Fisher, 1936; Rao, 1948) whose two scatters are mixed with those of
the shipped prior, as in regularised discriminant analysis (Friedman, 1989): few groups rely on the
prior, many on themselves.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.scatter import (
    BLOCK,
    NO_SPREAD,
    Floats,
    GroupStatistics,
    pair_scatter,
    trace_one,
)

DIMENSION = 128
SHRINK = 0.03
SMALL = 64  # numbers a side: a smaller triangle is inverted like any matrix
POWER = 0.25  # of a direction's strength, relative to the strongest


class Recipe(NamedTuple):
    """How many rows (n0) and groups (g0) of the user's own the prior is worth.

    `leaning` names the prior: "" is the one that fits most, others emphasise one kind of thing.
    `shrink` is the share of the identity in the within scatter: the less, the more small but steady
    differences count (strokes of a word), the more, the large ones (colours).
    """

    n0: float
    g0: float
    shrink: float = SHRINK
    leaning: str = ""


def default_recipe(groups: int) -> Recipe:
    """Return the recipe that is best on average, for data too small to compare recipes."""
    return Recipe(300, 1000) if groups < 20 else Recipe(300, 300)


@dataclass(frozen=True)
class Head:
    """An affine map: `mean` (k,) and `directions` (k, d), both float32."""

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]

    @property
    def dimension(self) -> int:
        """The numbers in one descriptor."""
        return int(self.directions.shape[1])

    @property
    def width(self) -> int:
        """The numbers in one row of features."""
        return len(self.mean)

    @cached_property
    def _exact(self) -> Floats:
        return self.directions.astype(np.float64)

    def describe(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the descriptors (n, d) float32 of features (n, k), rows of unit length.

        Computed in float64 and rounded last: a row is the same alone and among others.
        """
        rows = np.empty((len(features), self.dimension), np.float32)
        for start in range(0, len(features), BLOCK):
            block = features[start : start + BLOCK].astype(np.float64) - self.mean
            rows[start : start + BLOCK] = unit_rows(block @ self._exact)
        return rows


class Part(NamedTuple):
    """A head that reads its own columns, from `start` on, with `weight` relative to the others."""

    start: int
    head: Head
    weight: float


@dataclass(frozen=True)
class MixedHead:
    """Several heads, each for its own columns of features (n, width).

    Each gives a descriptor of unit length, which counts by its weight; the whole has unit length.
    The cosine of two rows is the mean of the parts' cosines, weighted by the squares of `weight`.
    """

    width: int
    parts: tuple[Part, ...]

    @property
    def dimension(self) -> int:
        """The numbers in one descriptor."""
        return sum(part.head.dimension for part in self.parts)

    def share(self, start: int) -> float:
        """Return the share of a squared length that is in the parts at column `start`, 0 to 1."""
        squares = [part.weight**2 for part in self.parts]
        told = [square for square, part in zip(squares, self.parts, strict=True)
                if part.start == start]  # fmt: skip
        return sum(told) / sum(squares)

    def describe(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the descriptors (n, d) float32 of features (n, width), rows of unit length."""
        rows = np.empty((len(features), self.dimension), np.float32)
        length = np.sqrt(sum(part.weight**2 for part in self.parts))
        column = 0
        for start, head, weight in self.parts:
            own = head.describe(features[:, start : start + head.width])
            rows[:, column : column + head.dimension] = own * np.float32(weight / length)
            column += head.dimension
        return rows


AnyHead: TypeAlias = Head | MixedHead


def plain_head(width: int, dimension: int) -> Head:
    """Return the head that keeps the first `dimension` of `width` features unchanged.

    The features are principal components: what it drops spreads least.
    """
    kept = np.eye(width, min(width, dimension), dtype=np.float32)
    return Head(np.zeros(width, np.float32), kept)


def unit_rows(rows: Floats) -> Floats:
    """Scale rows (n, d) to unit length; a row of zeros gets equal numbers.

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).round(3)
    array([[0.6  , 0.8  ],
           [0.707, 0.707]])
    """
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    even = 1 / np.sqrt(max(rows.shape[1], 1))
    unit: Floats = np.where(lengths > 1e-12, rows / np.maximum(lengths, 1e-12), even)
    return unit


def discriminant(
    within: Floats,
    between: list[tuple[float, Floats]],
    dimension: int,
    shrink: float = SHRINK,
) -> Floats:
    """Return the directions (k, dimension) that distinguish groups best, strongest first.

    Whitens by `within`, shrunk to the identity; takes the eigenvectors of the mixture of the
    whitened `between`; weights each by (strength / strongest) ** POWER. The largest number of every
    direction is positive, so that the same scatters always give the same signs.

    Any whitening gives the same directions: by Cholesky's factor it costs a tenth of the symmetric
    one's time (Golub and Van Loan, 2013, sec. 8.7).
    """
    size = len(within)
    shrunk = (1 - shrink) * trace_one(within) * size + shrink * np.eye(size)
    whiten = inverse_of_lower(np.linalg.cholesky(shrunk)).T
    strength, axes = np.linalg.eigh(whiten.T @ whitened_mixture(between, whiten) @ whiten)
    strength, axes = strength[::-1][:dimension], axes[:, ::-1][:, :dimension]
    weights = (np.maximum(strength, 1e-12) / max(strength[0], 1e-12)) ** POWER
    return positive_peaks(whiten @ axes * weights)


def inverse_of_lower(lower: NDArray[np.floating]) -> Floats:
    """Invert a lower triangle (k, k) by halves, a fifth of the time of a general inverse.

    The inverse of [[A, 0], [B, C]] is [[A', 0], [-C' B A', C']], A' and C' being those of A and C.

    >>> inverse_of_lower(np.array([[2.0, 0.0], [1.0, 4.0]]))
    array([[ 0.5  ,  0.   ],
           [-0.125,  0.25 ]])
    """
    if len(lower) <= SMALL:
        inverse: Floats = np.linalg.inv(lower)
        return inverse
    half = len(lower) // 2
    above, below = inverse_of_lower(lower[:half, :half]), inverse_of_lower(lower[half:, half:])
    inverse = np.zeros(lower.shape)
    inverse[:half, :half], inverse[half:, half:] = above, below
    inverse[half:, :half] = -below @ (lower[half:, :half] @ above)
    return inverse


def whitened_mixture(parts: list[tuple[float, Floats]], whiten: Floats) -> Floats:
    """Add scatters (k, k), each by its weight once it has trace one after whitening.

    trace(W' S W) is the sum over the entries of S times those of W W', which saves a product.
    """
    metric = whiten @ whiten.T
    total = np.zeros_like(metric)
    for weight, scatter in parts:
        trace = float((scatter * metric).sum())
        if trace > NO_SPREAD:
            total += weight / trace * scatter
    return total


def positive_peaks(directions: Floats) -> Floats:
    """Choose the sign of every column so that its largest number is positive."""
    peaks = np.take_along_axis(directions, np.abs(directions).argmax(axis=0)[None], axis=0)
    return directions * np.where(peaks < 0, -1.0, 1.0)


def fit_head(
    statistics: GroupStatistics,
    *,
    prior_within: Floats,
    prior_between: Floats,
    recipe: Recipe,
    negative_pairs: tuple[Floats, Floats] | None = None,
    dimension: int = DIMENSION,
) -> Head:
    """Fit the head of a type to its groups, relying on the prior's scatters (k, k).

    `negative_pairs` are rows (p, k) and (p, k) that people marked as not similar: what
    distinguishes them is added to what distinguishes groups, a pair counting as a group, all as
    half at most.
    """
    counted, groups = statistics.counted, statistics.groups
    average = np.trace(statistics.within) / max(counted, 1.0)
    borrowed = recipe.n0 * (average if average > 1e-12 else 1.0) * trace_one(prior_within)
    within = (statistics.within + borrowed) / (counted + recipe.n0)
    between = [(float(groups), statistics.between()), (recipe.g0, prior_between)]
    if negative_pairs is not None and len(negative_pairs[0]):
        weight = min(len(negative_pairs[0]), groups)
        between.append((float(weight), pair_scatter(*negative_pairs)))
    directions = discriminant(within, between, dimension, recipe.shrink)
    return Head(statistics.mean.astype(np.float32), directions.astype(np.float32))
