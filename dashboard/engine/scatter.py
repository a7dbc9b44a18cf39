"""Compute how feature vectors spread: inside groups, and between groups."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

NO_GROUP = -1
NO_SPREAD = 1e-12  # a trace below this is rounding
BLOCK = 8192  # rows converted to float64 at a time, so that 100,000 images take little memory


@dataclass(frozen=True)
class GroupStatistics:
    """The statistics of grouped rows that a fit needs; k is the number of features, g of groups.

    `within` (k, k) sums the squares and products of deviations from the group means, unbiased: a
    group of m rows counts m / (m - 1) times, and at most `cap` rows' worth. `counted` is the number
    of rows that `within` represents. `means` (g, k) are the groups' means, `sizes` (g,) their rows.
    """

    within: Floats
    counted: float
    means: Floats
    sizes: Integers

    @property
    def mean(self) -> Floats:
        """The mean of all grouped rows, (k,)."""
        mean: Floats = np.average(self.means, axis=0, weights=self.sizes)
        return mean

    @property
    def groups(self) -> int:
        """The number of groups."""
        return len(self.sizes)

    def between(self) -> Floats:
        """Return the scatter (k, k) of the group means; every group counts the same."""
        deviations = self.means - self.means.mean(axis=0)
        scatter: Floats = deviations.T @ deviations / len(deviations)
        return scatter


def group_statistics(
    features: NDArray[np.floating], groups: Integers, cap: int = 20
) -> GroupStatistics:
    """Sum up rows (n, k) by their group numbers (n,); rows of group -1 are in no group.

    >>> rows = np.array([[0.0], [2.0], [7.0]])
    >>> statistics = group_statistics(rows, np.array([0, 0, 1]))
    >>> statistics.within, statistics.counted, statistics.means.ravel()
    (array([[4.]]), 2.0, array([1., 7.]))
    """
    width = features.shape[1]
    within, means, sizes = np.zeros((width, width)), [np.zeros((0, width))], []
    counted = 0.0
    for rows, counts in _blocks(features, groups):
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        block_means = np.add.reduceat(rows, starts, axis=0) / counts[:, None]
        limited = np.where(counts > 1, np.minimum(counts, cap), 0)
        weights = limited / np.maximum(counts - 1, 1)  # (limited / m) * (m / (m - 1))
        deviations = (rows - np.repeat(block_means, counts, axis=0)) * np.sqrt(
            np.repeat(weights, counts)
        )[:, None]
        within += deviations.T @ deviations
        counted += float(limited.sum())
        means.append(block_means)
        sizes.append(counts)
    all_sizes = np.concatenate(sizes) if sizes else np.zeros(0, np.int64)
    return GroupStatistics(within, counted, np.concatenate(means), all_sizes)


def joined_statistics(parts: Sequence[GroupStatistics]) -> GroupStatistics:
    """Put parts together that share no group, as if their rows had been summed up at once.

    >>> rows = np.array([[0.0], [2.0], [7.0], [9.0]])
    >>> groups = np.array([0, 0, 1, 1])
    >>> parts = [group_statistics(rows[part], groups[part]) for part in np.split(np.arange(4), 2)]
    >>> joined_statistics(parts).within, joined_statistics(parts).mean
    (array([[8.]]), array([4.5]))
    """
    within: Floats = np.sum([part.within for part in parts], axis=0)
    return GroupStatistics(
        within,
        sum(part.counted for part in parts),
        np.concatenate([part.means for part in parts]),
        np.concatenate([part.sizes for part in parts]),
    )


def _blocks(features: NDArray[np.floating], groups: Integers) -> Iterator[tuple[Floats, Integers]]:
    """Yield whole groups, about BLOCK rows at a time: their rows in order, and their sizes."""
    order = np.argsort(groups, kind="stable")
    order = order[np.searchsorted(groups[order], NO_GROUP + 1) :]
    counts = np.unique(groups[order], return_counts=True)[1]
    ends = np.cumsum(counts)
    block_of = (ends - counts) // BLOCK
    for block in np.unique(block_of):
        chosen = np.flatnonzero(block_of == block)
        first, last = ends[chosen[0]] - counts[chosen[0]], ends[chosen[-1]]
        yield features[order[first:last]].astype(np.float64), counts[chosen]


def trace_one(scatter: Floats) -> Floats:
    """Scale a scatter to trace one; one without any spread stays zero."""
    trace = np.trace(scatter)
    return scatter / trace if trace > NO_SPREAD else np.zeros_like(scatter)


def mixture(parts: Iterable[tuple[float, Floats]]) -> Floats:
    """Add scatters, each scaled to trace one and then by its weight."""
    scatters = [weight * trace_one(scatter) for weight, scatter in parts]
    total: Floats = np.sum(scatters, axis=0)
    return total


def pair_scatter(first: Floats, second: Floats) -> Floats:
    """Return the scatter (k, k) of pairs of rows (p, k) about their own means."""
    halves = (first - second) / 2
    return 2 * halves.T @ halves / max(len(halves), 1)
