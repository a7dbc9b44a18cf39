"""Measure descriptors at retrieval: Recall@k, MAP@R, and their confidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.scatter import NO_GROUP, Floats, Integers

Flags: TypeAlias = NDArray[np.bool_]

TIE = 1e-6  # similarities closer than this are a tie, which counts against the descriptor
QUERIES_AT_ONCE = 512
CHUNK = 32  # columns whose maximum is compared first


def recall_at_k(hits: Flags, relevant: Integers, k: int) -> Floats:
    """Return for every query whether one of its k nearest is of its group: (q,), each 0 or 1.

    `hits` (q, m) marks which neighbours, nearest first, are relevant; `relevant` (q,) is how
    many there are in all. A query without relevant neighbours gives NaN.
    This is the Recall@k of Jégou, Douze and Schmid (2011) and Oh Song et al. (2016).

    >>> hits = np.array([[False, True, False], [False, False, False]])
    >>> recall_at_k(hits, np.array([1, 0]), k=1), recall_at_k(hits, np.array([1, 0]), k=2)
    (array([ 0., nan]), array([ 1., nan]))
    """
    found = hits[:, :k].any(axis=1).astype(np.float64)
    return np.where(relevant > 0, found, np.nan)


def map_at_r(hits: Flags, relevant: Integers) -> Floats:
    """Return every query's average precision over its R nearest: (q,), each 0 to 1.

    R is the number of relevant neighbours there are, and AP@R = 1/R * sum over ranks i <= R of
    precision(i) where rank i is a hit (Musgrave, Belongie and Lim, "A Metric Learning Reality
    Check", 2020). Arguments as for `recall_at_k`; a query without relevant ones gives NaN.

    Two relevant ones, found as first and third neighbour: the third is beyond R.

    >>> map_at_r(np.array([[True, False, True]]), np.array([2]))
    array([0.5])
    """
    ranks = np.arange(1, hits.shape[1] + 1)
    precision = np.cumsum(hits, axis=1) / ranks
    counted = hits & (ranks <= relevant[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(relevant > 0, (precision * counted).sum(axis=1) / relevant, np.nan)


def neighbour_hits(
    rows: NDArray[np.floating],
    groups: Integers,
    images: Integers,
    depth: int = 1,
    queries: Flags | None = None,
) -> tuple[Flags, Integers]:
    """Search rows among all others: hits (q, m), nearest first, and relevant counts (q,).

    `rows` (n, d) have unit length; `queries` (n,) marks the q of them that are queries, all without
    it. Neither a row itself nor another row of the same image is ever a neighbour, and rows of
    group -1 are ignored. m is the largest count, at least `depth`.
    """
    _check_lengths(rows, groups, images)
    known = groups != NO_GROUP
    asked = known if queries is None else known & queries
    gallery = _Gallery(rows[known], _numbered(groups[known]), _numbered(images[known]))
    relevant = np.zeros(len(rows), np.int64)
    relevant[known] = _relevant(gallery.groups, gallery.images)
    relevant[~asked] = 0
    width = min(max(depth, int(relevant.max(initial=0))), len(gallery.rows))
    hits = np.zeros((len(rows), width), np.bool_)
    hits[asked] = gallery.hits(np.flatnonzero(asked[known]), width)
    return (hits, relevant) if queries is None else (hits[queries], relevant[queries])


def _numbered(names: Integers) -> NDArray[np.int32]:
    """Map equal names to equal numbers from 0 up: half the bytes to compare."""
    return np.unique(names, return_inverse=True)[1].astype(np.int32)


class _Gallery(NamedTuple):
    """Rows that are compared with one another: each in a group, each showing an image."""

    rows: NDArray[np.floating]
    groups: NDArray[np.int32]
    images: NDArray[np.int32]

    def hits(self, queries: NDArray[np.intp], width: int) -> Flags:
        """Mark which of the `width` nearest of the given rows are of their group, (q, width)."""
        hits = np.zeros((len(queries), width), np.bool_)
        twins = len(np.unique(self.images)) < len(self.images)
        members = _Members.of(self.groups)
        for start in range(0, len(queries), QUERIES_AT_ONCE):
            part = queries[start : start + QUERIES_AT_ONCE]
            closeness = self.rows[part] @ self.rows.T
            # By their places: a mask of all pairs took half of the search.
            closeness[members.places(self.groups[part])] -= TIE
            closeness[self._barred(part, all_of_image=twins)] = -np.inf
            nearest = largest(closeness, width)
            same = self.groups[nearest] == self.groups[part, None]
            barred = np.take_along_axis(closeness, nearest, axis=1) == -np.inf
            hits[start : start + len(part)] = same & ~barred
        return hits

    def _barred(self, queries: NDArray[np.intp], *, all_of_image: bool) -> Any:
        """Index a row itself among its neighbours, and others of its image if there are any."""
        if all_of_image:
            return self.images[queries, None] == self.images
        return np.arange(len(queries)), queries


class _Members(NamedTuple):
    """The rows of each group: `order` (n,) lists them group by group, from `starts` (g,) on."""

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    counts: NDArray[np.intp]

    @classmethod
    def of(cls, groups: NDArray[np.int32]) -> "_Members":
        """Sort the rows by their groups (n,), which are numbered from 0."""
        counts = np.bincount(groups)
        return cls(np.argsort(groups, kind="stable"), np.cumsum(counts) - counts, counts)

    def places(self, asked: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Pair each number of `asked` (q,) with the rows of the group that it asks for."""
        counts = self.counts[asked]
        rows = np.repeat(np.arange(len(asked)), counts)
        inside = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return rows, self.order[np.repeat(self.starts[asked], counts) + inside]


def _check_lengths(rows: NDArray[np.floating], groups: Integers, images: Integers) -> None:
    if not len(rows) == len(groups) == len(images):
        raise ValueError(f"{len(rows)} rows, {len(groups)} groups, {len(images)} images.")


def _relevant(groups: NDArray[np.int32], images: NDArray[np.int32]) -> Integers:
    """Return, for every row, the number of rows of its group that show another image."""
    _, group_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    pairs = np.stack([groups, images], axis=1)
    _, pair_of, copies = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    others = sizes[group_of] - copies[pair_of.ravel()]
    return others.astype(np.int64)


def largest(values: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """Return the columns of the `count` largest values of every row (n, m), largest first."""
    if count * CHUNK <= values.shape[1] // 2:
        columns = _promising(values, count)
        inner = largest(np.take_along_axis(values, columns, axis=1), count)
        return np.take_along_axis(columns, inner, axis=1)
    if count < values.shape[1] // 2:
        columns = np.argpartition(-values, count, axis=1)[:, :count]
        inner = np.argsort(-np.take_along_axis(values, columns, axis=1), axis=1, kind="stable")
        return np.take_along_axis(columns, inner, axis=1)
    return np.argsort(-values, axis=1, kind="stable")[:, :count]


def _promising(values: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """Return columns that contain the `count` largest values: the chunks with the largest maxima.

    Searching for maxima is several times faster than partitioning whole rows.
    """
    whole = values.shape[1] // CHUNK
    maxima = values[:, : whole * CHUNK].reshape(len(values), whole, CHUNK).max(axis=2)
    best = np.argpartition(-maxima, count - 1, axis=1)[:, :count]
    columns = (best[:, :, None] * CHUNK + np.arange(CHUNK)).reshape(len(values), -1)
    rest = np.arange(whole * CHUNK, values.shape[1])
    return np.concatenate([columns, np.broadcast_to(rest, (len(values), len(rest)))], axis=1)


class Interval(NamedTuple):
    """A value with its 95% confidence interval, all NaN without queries."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Scores:
    """The result of every query, from which means and intervals follow; all arrays (q,).

    `groups` are the queries' groups; `recall` has one array for each requested k.
    """

    groups: Integers
    recall: dict[int, Floats]
    average_precision: Floats

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.groups)

    def named(self) -> dict[str, Floats]:
        """Return the queries' results under their usual names."""
        recall = {f"recall@{k}": values for k, values in self.recall.items()}
        return {**recall, "map@r": self.average_precision}

    def means(self) -> dict[str, float]:
        """Return the mean over queries of every metric, NaN without queries."""
        return {name: mean(values) for name, values in self.named().items()}


def evaluate(
    rows: NDArray[np.floating],
    groups: Integers,
    images: Integers,
    ks: Sequence[int] = (1, 5),
    queries: Flags | None = None,
) -> Scores:
    """Search with every row (n, d) that has another of its group; others are not queries.

    With `queries` (n,) only the marked rows are queries; all rows are searched.
    """
    hits, relevant = neighbour_hits(rows, groups, images, max(ks), queries)
    groups = groups if queries is None else groups[queries]
    asked = relevant > 0
    hits, relevant = hits[asked], relevant[asked]
    recall = {k: recall_at_k(hits, relevant, k) for k in ks}
    return Scores(groups[asked], recall, map_at_r(hits, relevant))


def joined(parts: Sequence[Scores]) -> Scores:
    """Combine the queries of several galleries."""
    return Scores(
        np.concatenate([part.groups for part in parts]),
        {k: np.concatenate([part.recall[k] for part in parts]) for k in parts[0].recall},
        np.concatenate([part.average_precision for part in parts]),
    )


def mean(values: Floats) -> float:
    """Return the mean, NaN for no values."""
    return float(values.mean()) if len(values) else float("nan")


def bootstrap_means(values: Floats, groups: Integers, seed: int, resamples: int = 1000) -> Floats:
    """Return the mean of `values` (q,) for each of many draws of whole groups, (resamples,).

    Queries of one group are similar, so groups are drawn with replacement, never queries (Efron and
    Tibshirani, 1993, ch. 8). Several columns (q, m) share their draws and give (resamples, m).
    """
    if not len(values):
        return np.full((resamples, *values.shape[1:]), np.nan)
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    sums = np.zeros((len(sizes), *values.shape[1:]))
    np.add.at(sums, index, values)
    rng = np.random.default_rng(seed)
    evenly = np.full(len(sizes), 1 / len(sizes))
    drawn = rng.multinomial(len(sizes), evenly, size=resamples).astype(np.float64)
    totals = drawn @ sizes.astype(np.float64)
    means: Floats = ((drawn @ sums).T / totals).T
    return means


def interval(values: Floats, groups: Integers, seed: int) -> Interval:
    """Return the mean of `values` (q,) with its 95% bootstrap interval over groups.

    >>> interval(np.array([1.0, 1.0, 1.0]), np.array([4, 4, 7]), seed=0)
    Interval(value=1.0, low=1.0, high=1.0)
    """
    return intervals({"one": values}, groups, seed)["one"]


def intervals(named: dict[str, Floats], groups: Integers, seed: int) -> dict[str, Interval]:
    """Return the intervals of several metrics of the same queries, by the same draws of groups."""
    values = np.stack(list(named.values()), axis=1)
    low, high = np.quantile(bootstrap_means(values, groups, seed), [0.025, 0.975], axis=0)
    return {
        name: Interval(mean(values[:, column]), float(low[column]), float(high[column]))
        for column, name in enumerate(named)
    }
