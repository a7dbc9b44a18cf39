"""Search all groups with heads that saw neither the query's group nor the rows compared with it.

A head that was fitted to the groups of the gallery distinguishes them better than it will new ones,
and moves them away from one another, towards a query of an unseen group: such a search differs from
one among new groups. So a query of one fold is compared with another fold's rows by a head that saw
neither fold. Similarities of two heads cannot be ranked together, but the wrong images that precede
a right one can be counted fold by fold and added up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.heads import AnyHead
from dashboard.engine.metrics import QUERIES_AT_ONCE, TIE, Flags, Scores, largest
from dashboard.engine.scatter import Floats, Integers
from dashboard.engine.training_set import TypeData

KS = (1, 5)

HeadFor = Callable[[int, int], AnyHead]


@dataclass(frozen=True)
class _Asked:
    """The queries of a fold: their rows in it, and the right rows for each.

    `right` (q, m) numbers rows of the fold, -1 beyond the last one. `wrong` (q, m) counts the rows
    that precede each of them, in all folds that were added so far.
    """

    queries: Integers
    right: Integers
    wrong: Integers

    def add(self, rows: NDArray[np.float32], fold: TypeData, gallery: "_Searched") -> None:
        """Count the rows of a gallery that precede the right ones, by one head's descriptors.

        `rows` are the descriptors of the fold.
        """
        depth = min(max(self.right.shape[1], max(KS)), len(gallery.rows))
        for start in range(0, len(self.queries), QUERIES_AT_ONCE):
            part = slice(start, start + QUERIES_AT_ONCE)
            asked, right = rows[self.queries[part]], self.right[part]
            closeness = asked @ gallery.rows.T
            numbers = self.queries[part]
            same = fold.groups[numbers, None] == gallery.data.groups
            closeness[same | (fold.images[numbers, None] == gallery.data.images)] = -np.inf
            nearest = np.take_along_axis(closeness, largest(closeness, depth), axis=1)[:, ::-1]
            for query, (near, others) in enumerate(zip(nearest, right, strict=True)):
                own = rows[others] @ asked[query] - TIE
                self.wrong[start + query] += depth - np.searchsorted(near, own)

    def scores(self, fold: TypeData) -> Scores:
        """Rank the right rows by how many wrong ones precede them."""
        there = self.right >= 0
        relevant = there.sum(axis=1)
        places = np.arange(1, self.right.shape[1] + 1)
        before = np.sort(np.where(there, self.wrong, np.iinfo(np.int64).max // 2), axis=1)
        ranks = before + places
        found: Floats = np.where(ranks <= relevant[:, None], places / ranks, 0.0).sum(axis=1)
        recall = {k: (ranks[:, 0] <= k).astype(np.float64) for k in KS}
        return Scores(fold.groups[self.queries], recall, found / relevant)


@dataclass(frozen=True)
class _Searched:
    """A fold with a head's descriptors."""

    data: TypeData
    rows: NDArray[np.float32]


def unseen_scores(
    data: TypeData, masks: Sequence[Flags], asked: Flags, head_for: HeadFor
) -> list[Scores]:
    """Score each fold's queries among all folds.

    `masks` (n,) mark the rows of the folds, `asked` (n,) those that are queries. `head_for` returns
    the head that compares queries of one fold with rows of another, having seen neither.
    """
    parts = [data.take(mask) for mask in masks]
    queries = [_asked(part, asked[mask]) for part, mask in zip(parts, masks, strict=True)]
    for one, two in combinations_with_replacement(range(len(parts)), 2):
        head, back = head_for(one, two), head_for(two, one)
        rows, others = (head.describe(parts[fold].features) for fold in (one, two))
        queries[one].add(rows, parts[one], _Searched(parts[two], others))
        if one == two:
            continue
        if back is not head:
            rows, others = (back.describe(parts[fold].features) for fold in (one, two))
        queries[two].add(others, parts[two], _Searched(parts[one], rows))
    return [query.scores(part) for query, part in zip(queries, parts, strict=True)]


def _asked(part: TypeData, asked: Flags) -> _Asked:
    """Find the right rows for each query; one that has none is not a query."""
    numbers = np.flatnonzero(asked)
    found = [
        np.flatnonzero((part.groups == part.groups[one]) & (part.images != part.images[one]))
        for one in numbers
    ]
    numbers = numbers[[len(others) > 0 for others in found]]
    found = [others for others in found if len(others)]
    right = np.full((len(found), max(map(len, found), default=1)), -1, np.int64)
    for row, others in zip(right, found, strict=True):
        row[: len(others)] = others
    return _Asked(numbers, right, np.zeros_like(right))
