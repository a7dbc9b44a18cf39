"""Cross-validate every way to make a head, on groups that it has not seen.

Each fold's heads are fitted to the other folds' groups. They are compared on searches among the
fold's own groups, none of which they saw. What is *shown* is measured among all groups, as in a
real search, by heads that saw neither the query's fold nor that of the rows that it is compared
with: see `unseen`. That takes a fit for each two folds, so it is not used to choose.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.folds import folds, rank_in_group
from dashboard.engine.heads import AnyHead, Head, Recipe
from dashboard.engine.metrics import Flags, Scores, evaluate, joined, mean
from dashboard.engine.prior import AnyPrior, PairPrior
from dashboard.engine.scatter import (
    Floats,
    GroupStatistics,
    Integers,
    group_statistics,
    joined_statistics,
)
from dashboard.engine.training_set import TypeData
from dashboard.engine.unseen import unseen_scores
from dashboard.engine.ways import (
    COSINE,
    UNTRAINED,
    WEIGHTS,
    Half,
    Mix,
    Way,
    candidates,
    fit_statistics,
    halves,
)

TIED = 0.001  # of MAP@R: ways closer than this to the best are as good, and the shorter is taken
RESAMPLES = 200  # of groups, each to choose a way on; a group is not part of 73 of them
MOST_QUERIES = 4_000  # among all groups: more of them give the same result

Step = Callable[[], None]


def _alike(_: Way) -> int:
    return 0


def _none_fitted(without: frozenset[int], way: Way) -> AnyHead:
    raise LookupError(f"No head was fitted by {way} without the folds {sorted(without)}.")


@dataclass(frozen=True)
class Comparison:
    """The results of cross-validation: the scores of every fold, by the untrained head and by way.

    A fold's scores are those of its own groups, which no head of that fold was fitted to, among
    one another. `cosines` are those of plain features. `head` gives the head that was fitted by a
    way without some folds; `numbers` how long a way's descriptor is.
    """

    untrained: list[Scores]
    trained: dict[Way, list[Scores]]
    cosines: dict[Way, list[Scores]] = field(default_factory=dict)
    head: Callable[[frozenset[int], Way], AnyHead] = _none_fitted
    numbers: Callable[[Way], int] = _alike

    def best(self, *, without: Collection[int] = ()) -> Way:
        """Return the way with the highest MAP@R of all queries, or of all but some folds'.

        Of ways that are as good as it within `TIED`, the one with the fewest numbers.
        """
        ways = list(self.trained)
        found = [self._precision(parts, without) for parts in self.trained.values()]
        return ways[int(self._picks(np.array([found]))[0])]

    def _precision(self, parts: list[Scores], without: Collection[int]) -> float:
        kept = [part for number, part in enumerate(parts) if number not in without]
        return mean(joined(kept).average_precision)

    def _picks(self, found: Floats) -> Integers:
        """Return the index of the best way for each row of MAP@R by way, (rows, ways)."""
        numbers = np.array([self.numbers(way) for way in self.trained])
        good = found >= found.max(axis=1, keepdims=True) - TIED
        picks: Integers = np.where(good, numbers - found, np.inf).argmin(axis=1)
        return picks

    def honest(self, *, seed: int) -> Scores:
        """Score each group by the ways that are best on draws of other groups.

        The best of several candidates looks better than it is on the queries that chose it (Varma
        and Simon, "Bias in error estimation when using cross-validation", 2006). So groups are
        drawn with replacement, a way is chosen on those that were drawn, and scored on those that
        were not (Tsamardinos, Greasidou and Borboudakis, "Bootstrapping the out-of-sample
        predictions for efficient and accurate cross-validation", 2018). Choosing on three folds of
        four instead produced much of the noise that it should measure: see README.md.
        """
        parts = [joined(scores) for scores in self.trained.values()]
        precision = np.stack([part.average_precision for part in parts], axis=1)
        shares = self._shares(parts[0].groups, precision, seed)

        def blend(values: Floats) -> Floats:
            blended: Floats = (shares * values).sum(axis=1)
            return blended

        names = parts[0].recall
        recalls = {k: np.stack([part.recall[k] for part in parts], axis=1) for k in names}
        return Scores(
            parts[0].groups,
            {k: blend(values) for k, values in recalls.items()},
            blend(precision),
        )

    def _shares(self, groups: Integers, precision: Floats, seed: int) -> Floats:
        """Return how often each way is the best on draws without a query's group, (q, ways)."""
        _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        sums = np.zeros((len(sizes), precision.shape[1]))
        np.add.at(sums, index, precision)
        evenly = np.full(len(sizes), 1 / len(sizes))
        drawn = np.random.default_rng(seed).multinomial(len(sizes), evenly, size=RESAMPLES)
        # Then all groups, for a group that every draw has, if there is one.
        drawn = np.vstack([drawn, np.ones(len(sizes), np.int64)])
        picks = self._picks((drawn @ sums) / (drawn @ sizes)[:, None])
        votes = np.zeros(sums.shape)
        for row, pick in zip(drawn, picks, strict=True):
            votes[row == 0, pick] += 1
        votes[votes.sum(axis=1) == 0, picks[-1]] = 1
        shares: Floats = (votes / votes.sum(axis=1, keepdims=True))[index]
        return shares

    def less(self, way: Way) -> "Comparison":
        """Return the comparison without a way."""
        return replace(self, trained={one: s for one, s in self.trained.items() if one != way})

    def cosine(self) -> Way | None:
        """Return the best of the plain cosines, or None."""
        means = {way: self._precision(parts, ()) for way, parts in self.cosines.items()}
        return max(means, key=lambda way: means[way]) if means else None


def scores_of(head: AnyHead, data: TypeData, queries: Flags | None = None) -> Scores:
    """Search among the rows with the head's descriptors; of `queries` (n,) only those."""
    rows = head.describe(data.features)
    return evaluate(rows, data.groups, data.images, queries=queries)


def cross_validate(data: TypeData, prior: AnyPrior, *, seed: int, step: Step) -> Comparison:
    """Score the untrained head, the plain cosine and every candidate on each fold's groups in turn.

    Queries and their gallery are the fold's own rows; candidates are fitted to the other rows,
    without those that show an image of the fold.
    """
    if isinstance(prior, PairPrior):
        return _cross_pair(data, prior, seed, step)
    one = _HalfCrossing(Half(0, prior), data, seed, step)
    trained: dict[Way, list[Scores]] = {way: one.scores(way) for way in one.recipes}
    return Comparison(
        one.scores(UNTRAINED),
        trained,
        {COSINE: one.scores(COSINE)},
        lambda without, way: one.head(without, _recipe(way)),
        lambda _: prior.dimension,
    )


def _recipe(way: Way) -> Recipe:
    if isinstance(way, Mix):
        raise TypeError("A mix is not a recipe of one half.")
    return way


class _Rest:
    """The rows outside some folds, summed up for a fit.

    Each fold is summed up once, and the sums of the others are added: otherwise the six fits
    without two folds would sum up all rows three times.
    """

    def __init__(self, data: TypeData, masks: Sequence[Flags]) -> None:
        self.data, self.masks = data, masks
        seen = sum(len(np.unique(data.images[mask])) for mask in masks)
        # With an image in several folds, the rows outside one fold are not the sum of the others.
        self._is_apart = seen == len(np.unique(data.images[np.any(masks, axis=0)]))

    @cached_property
    def _parts(self) -> list[GroupStatistics]:
        parts = [self.data.take(mask) for mask in self.masks]
        return [group_statistics(part.features, part.groups) for part in parts]

    def statistics(self, without: frozenset[int]) -> GroupStatistics:
        """Sum up the rows that show no image of the folds `without`."""
        if self._is_apart:
            parts = [part for fold, part in enumerate(self._parts) if fold not in without]
            if parts:
                return joined_statistics(parts)
        rest = self._rows(without)
        return group_statistics(rest.features, rest.groups)

    def pairs(self, without: frozenset[int]) -> tuple[Floats, Floats]:
        """Give the features of negative pairs that show no image of the folds."""
        if not len(self.data.negative_pairs):
            return self.data.pair_features()
        return self._rows(without).pair_features()

    def _rows(self, without: frozenset[int]) -> TypeData:
        tested = np.any([self.masks[fold] for fold in without], axis=0)
        return self.data.take(~np.isin(self.data.images, self.data.images[tested]))


class _HalfCrossing:
    """One half of the features: each fold's heads by every recipe, and their descriptors."""

    def __init__(self, half: Half, data: TypeData, seed: int, step: Step) -> None:
        self.data = half.of(data)
        self.prior = half.prior
        self.recipes = candidates(data, half.prior)
        self.masks = [*folds(data, seed)]
        self.rest = _Rest(self.data, self.masks)
        self.heads: list[dict[Recipe, Head]] = []
        self.rows: list[dict[Recipe, NDArray[np.float32]]] = []
        for fold, mask in enumerate(self.masks):
            heads = {UNTRAINED: half.prior.untrained, COSINE: half.prior.plain}
            for recipe, head in self._fitted(frozenset([fold]), self.recipes):
                step()
                heads[recipe] = head
            self.heads.append(heads)
            features = self.data.features[mask]
            self.rows.append({way: head.describe(features) for way, head in heads.items()})

    def _fitted(
        self, without: frozenset[int], recipes: Sequence[Recipe]
    ) -> Iterator[tuple[Recipe, Head]]:
        statistics, pairs = self.rest.statistics(without), self.rest.pairs(without)
        return fit_statistics(statistics, pairs, self.prior, recipes)

    def head(self, without: frozenset[int], recipe: Recipe) -> Head:
        """Give a head that saw none of the folds; the untrained one if nothing else is left."""
        if len(without) == 1:
            return self.heads[min(without)][recipe]
        if recipe in (UNTRAINED, COSINE):
            return self.heads[0][recipe]
        statistics = self.rest.statistics(without)
        if not statistics.groups:
            return self.prior.untrained
        pairs = self.rest.pairs(without)
        return next(fit_statistics(statistics, pairs, self.prior, [recipe]))[1]

    def scores(self, recipe: Recipe) -> list[Scores]:
        """Score a recipe alone, fold by fold."""
        return [
            evaluate(rows[recipe], self.data.groups[mask], self.data.images[mask])
            for rows, mask in zip(self.rows, self.masks, strict=True)
        ]


def _cross_pair(data: TypeData, prior: PairPrior, seed: int, step: Step) -> Comparison:
    """Fit both halves separately, then try the weights of the best recipes of each.

    Each half's recipe is chosen on that half alone; a weight costs a scoring and no fit. So costs
    add up instead of multiplying.
    """
    sides = [_HalfCrossing(half, data, seed, step) for half in halves(prior)]
    alone = [{way: side.scores(way) for way in (UNTRAINED, *side.recipes)} for side in sides]
    mixes = _Mixes(prior, sides, alone)
    ways = list(dict.fromkeys(_mixes_to_try(alone, len(sides[0].masks))))
    trained: dict[Way, list[Scores]] = {}
    for way in ways:
        trained[way] = mixes.scores(way)
    step()
    cosines: dict[Way, list[Scores]] = {
        way: mixes.scores(way)
        for way in (
            Mix(UNTRAINED, COSINE, float("inf")),
            Mix(COSINE, COSINE, prior.weight),
        )
    }
    untrained = mixes.scores(Mix(UNTRAINED, UNTRAINED, prior.weight))
    return Comparison(untrained, trained, cosines, mixes.head, mixes.numbers)


def _mixes_to_try(alone: list[dict[Recipe, list[Scores]]], folds_: int) -> Iterator[Mix]:
    """Yield the mixes of the best recipe of each half, by all folds and by all but one."""
    for without in ((), *([fold] for fold in range(folds_))):
        first, second = (
            _recipe(Comparison([], dict(scores.items())).best(without=without)) for scores in alone
        )
        yield Mix(first, UNTRAINED, 0.0)
        yield Mix(UNTRAINED, second, float("inf"))
        for weight in WEIGHTS:
            yield from (Mix(*both, weight) for both in ((first, second), (first, UNTRAINED)))


@dataclass(frozen=True)
class _Mixes:
    """The results of both halves, combined by any weight; `alone` are the halves' own scores."""

    prior: PairPrior
    sides: list[_HalfCrossing]
    alone: list[dict[Recipe, list[Scores]]]

    def scores(self, way: Mix) -> list[Scores]:
        """Score a mix fold by fold."""
        if way.weight == 0 and way.first in self.alone[0]:
            return self.alone[0][way.first]
        if way.weight == float("inf") and way.second in self.alone[1]:
            return self.alone[1][way.second]
        first, second = self.sides
        return [
            evaluate(
                _side_by_side(one[way.first], two[way.second], way.weight),
                first.data.groups[mask],
                first.data.images[mask],
            )
            for one, two, mask in zip(first.rows, second.rows, first.masks, strict=True)
        ]

    def head(self, without: frozenset[int], way: Way) -> AnyHead:
        """Give a head that saw none of the folds."""
        mix = _mix(way)
        first, second = (
            side.head(without, recipe) for side, recipe in zip(self.sides, mix[:2], strict=True)
        )
        return self.prior.mixed(first, second, mix.weight)

    def numbers(self, way: Way) -> int:
        """Return the length of a descriptor."""
        mix = _mix(way)
        first = 0 if mix.weight == float("inf") else self.prior.first.dimension
        return first + (self.prior.second.dimension if mix.weight else 0)


def _mix(way: Way) -> Mix:
    if not isinstance(way, Mix):
        raise TypeError("A recipe of one half is not a mix.")
    return way


def _side_by_side(
    first: NDArray[np.float32], second: NDArray[np.float32], weight: float
) -> NDArray[np.float32]:
    if weight == float("inf"):
        return second
    length = np.hypot(1, weight)
    both = [first * np.float32(1 / length), second * np.float32(weight / length)]
    return np.concatenate(both, axis=1)


def among_all(data: TypeData, head: AnyHead, *, seed: int) -> Scores:
    """Search with the groups of every fold among all groups, by a head that saw none of them.

    Of more than MOST_QUERIES rows, a part of each group, or some groups, are the queries.
    """
    asked = queries_of(data, seed)
    return joined([scores_of(head, data, mask & asked) for mask in folds(data, seed)])


def unseen_among_all(data: TypeData, found: Comparison, *, seed: int) -> Scores:
    """Do the same by the best way, chosen without the query's fold and fitted without both."""
    masks = [*folds(data, seed)]
    ways = [found.best(without=[fold]) for fold in range(len(masks))]
    fitted = cache(found.head)

    def head_for(fold: int, other: int) -> AnyHead:
        return fitted(frozenset((fold, other)), ways[fold])

    return joined(unseen_scores(data, masks, queries_of(data, seed), head_for))


def queries_of(data: TypeData, seed: int) -> Flags:
    """Mark the rows (n,) that are queries: all, or as many of each group as make MOST_QUERIES."""
    if len(data) <= MOST_QUERIES:
        return np.ones(len(data), np.bool_)
    shuffled = np.random.default_rng(seed).permutation(len(data))
    ranks = np.empty(len(data), np.int64)
    ranks[shuffled] = rank_in_group(data.groups[shuffled])
    ranks[data.groups < 0] = len(data)
    asked: Flags = ranks <= np.sort(ranks)[MOST_QUERIES - 1]
    return asked
