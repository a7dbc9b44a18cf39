"""The gate: a trained head goes to work only if it beats the untrained one on unseen groups."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.heads import Head, Recipe, fit_head
from dashboard.engine.metrics import Scores, bootstrap_means, evaluate, joined, mean
from dashboard.engine.prior import Prior
from dashboard.engine.scatter import Integers, group_statistics
from dashboard.engine.training_set import TypeData

CANDIDATES = (
    Recipe(300, 1000),
    Recipe(300, 100),
    Recipe(300, 100, shrink=0.1),
    Recipe(100, 1000, shrink=0.01),
    Recipe(300, 1000, leaning="regions"),
    Recipe(300, 1000, leaning="signs"),
)
MOST_TO_LEAN = 200  # groups: more of them know better than any prior, and each candidate costs
FOLDS = 4
FEWEST_GROUPS = 10
MOST_ROWS = 10_000  # a comparison on more costs minutes and decides the same
LARGEST_GROUP = 200  # rows of a group, where there are more than MOST_ROWS in all
CERTAINTY = 0.99  # at 0.95, 5 of 25 passes cost more than a point of Recall@1; at this, 2 of 20
RECALL_MAY_FALL = 0.01  # of Recall@1, for a gain in MAP@R


@dataclass(frozen=True)
class Verdict:
    """What the gate decided, and why in one sentence for people.

    `recipe` is the winner's, None if the untrained head stays. `gain` is that in mean MAP@R over
    the untrained head, `gain_at_least` its 1% quantile; None if not verified.
    """

    sentence: str
    recipe: Recipe | None = None
    gain: float | None = None
    gain_at_least: float | None = None

    @property
    def better(self) -> bool:
        """Whether the trained head goes to work."""
        return self.recipe is not None

    @property
    def verified(self) -> bool:
        """Whether there were enough groups to compare at all."""
        return self.gain is not None


@dataclass(frozen=True)
class Comparison:
    """What cross-validation found: the scores of every fold, by the untrained head and by recipe.

    A fold's scores are those of its own groups, which no head of that fold was fitted to;
    `working` are those of the head in use, if there is one, whatever that has seen.
    """

    untrained: list[Scores]
    trained: dict[Recipe, list[Scores]]
    working: list[Scores] = field(default_factory=list)

    def best(self, *, without: int | None = None) -> Recipe:
        """Give the recipe with the highest MAP@R of all queries, or of all but one fold's."""

        def precision(recipe: Recipe) -> float:
            parts = [part for n, part in enumerate(self.trained[recipe]) if n != without]
            return mean(joined(parts).average_precision)

        return max(self.trained, key=precision)

    def honest(self) -> Scores:
        """Score each fold by the recipe that is best on the others.

        The best of several candidates looks better than it is on the queries that chose it
        (Varma and Simon, "Bias in error estimation when using cross-validation", 2006).
        """
        parts = [self.trained[self.best(without=fold)][fold] for fold in range(len(self.untrained))]
        return joined(parts)


@dataclass(frozen=True)
class Judgement:
    """A verdict with the scores on unseen groups of the head it delivers, and of the untrained.

    `candidates` are the scores of every recipe that was tried, none if nothing could be verified;
    `working` those of the head in use on the same queries, None without one.
    """

    verdict: Verdict
    delivered: Scores
    untrained: Scores
    candidates: dict[Recipe, Scores] = field(default_factory=dict)
    working: Scores | None = None


def candidates(data: TypeData, prior: Prior) -> tuple[Recipe, ...]:
    """Give the recipes to try: those that lean where the prior can, and only for few groups."""
    few = len(data.usable_groups()) <= MOST_TO_LEAN
    known = {"", *prior.leanings()} if few else {""}
    return tuple(recipe for recipe in CANDIDATES if recipe.leaning in known)


def steps_to_judge(data: TypeData, prior: Prior, *, seed: int) -> int:
    """Count how often `judge` will call its `step`."""
    if len(data.usable_groups()) < FEWEST_GROUPS:
        return 1
    return FOLDS * len(candidates(sampled(data, MOST_ROWS, seed), prior))


def judge(
    data: TypeData,
    prior: Prior,
    *,
    seed: int,
    step: Callable[[], None],
    working: Head | None = None,
) -> Judgement:
    """Compare all candidates with the untrained head on groups that they were not fitted to.

    Under FEWEST_GROUPS groups there is no comparison: the untrained head stays, and its scores
    are over all groups, none of which it has seen. `working` is scored too and decides nothing.
    """
    groups = len(data.usable_groups())
    data = sampled(data, MOST_ROWS, seed)
    if groups < FEWEST_GROUPS:
        step()
        untrained = scores_of(prior.untrained, data)
        sentence = (
            f"Too few groups to verify ({groups} of at least {FEWEST_GROUPS}) that training makes "
            "it better; kept the untrained descriptor."
        )
        in_use = scores_of(working, data) if working else None
        return Judgement(Verdict(sentence), untrained, untrained, working=in_use)
    found = cross_validate(data, prior, seed=seed, step=step, working=working)
    trained, untrained = found.honest(), joined(found.untrained)
    verdict = compare(found.best(), trained, untrained, seed=seed)
    tried = {recipe: joined(parts) for recipe, parts in found.trained.items()}
    delivered = trained if verdict.better else untrained
    in_use = joined(found.working) if found.working else None
    return Judgement(verdict, delivered, untrained, tried, in_use)


def compare(recipe: Recipe, trained: Scores, untrained: Scores, *, seed: int) -> Verdict:
    """Decide by a paired bootstrap over groups of the gain in MAP@R of the same queries.

    The trained head must be better in MAP@R with CERTAINTY, and may not lose in Recall@1 what
    people would notice: the two can part where groups are large.
    """
    gains = trained.average_precision - untrained.average_precision
    gain = mean(gains)
    floor = float(np.quantile(bootstrap_means(gains, trained.groups, seed), 1 - CERTAINTY))
    fall = mean(untrained.recall[1]) - mean(trained.recall[1])
    before, after = (100 * mean(s.average_precision) for s in (untrained, trained))
    if floor > 0 and fall <= RECALL_MAY_FALL:
        sentence = (
            "The trained descriptor is better than the untrained descriptor on groups it has not "
            f"seen: MAP@R {after:.1f} instead of {before:.1f}, a gain above {100 * floor:.1f} "
            f"with {CERTAINTY:.0%} confidence."
        )
        return Verdict(sentence, recipe, gain, floor)
    sentence = (
        f"Not better than the untrained descriptor; kept it. On unseen groups its MAP@R is "
        f"{before:.1f}, the trained one's {after:.1f}"
    )
    if fall > RECALL_MAY_FALL:
        sentence += f", whose Recall@1 is {100 * fall:.1f} lower"
    return Verdict(f"{sentence}. More groups help most.", None, gain, floor)


def cross_validate(
    data: TypeData,
    prior: Prior,
    *,
    seed: int,
    step: Callable[[], None],
    working: Head | None = None,
) -> Comparison:
    """Score the untrained head, every candidate and the one in use on each fold's groups in turn.

    Queries and their gallery are the fold's own rows; candidates are fitted to the other rows,
    less those that show an image of the fold.
    """
    recipes = candidates(data, prior)
    found = Comparison([], {recipe: [] for recipe in recipes})
    for unseen in folds(data, seed):
        test = data.take(unseen)
        train = data.take(~np.isin(data.images, test.images))
        found.untrained.append(scores_of(prior.untrained, test))
        if working:
            found.working.append(scores_of(working, test))
        for recipe, head in fit_recipes(train, prior, recipes):
            step()
            found.trained[recipe].append(scores_of(head, test))
    return found


def fit_recipes(
    data: TypeData, prior: Prior, recipes: Iterable[Recipe]
) -> Iterator[tuple[Recipe, Head]]:
    """Fit a head by each recipe, one at a time, to all rows, which are summed up only once."""
    statistics = group_statistics(data.features, data.groups)
    pairs = data.pair_features()
    for recipe in recipes:
        scatters = prior.scatters(recipe.leaning)
        yield (
            recipe,
            fit_head(
                statistics,
                prior_within=scatters.within,
                prior_between=scatters.between,
                recipe=recipe,
                negative_pairs=pairs,
            ),
        )


def folds(data: TypeData, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Deal whole groups out to FOLDS hands; mark the rows (n,) of each.

    Groups that can be queried are dealt first, so that every fold has its share of them.
    """
    rng = np.random.default_rng(seed)
    usable = rng.permutation(data.usable_groups())
    single = rng.permutation(np.setdiff1d(data.groups[data.groups >= 0], usable))
    dealt = np.concatenate([usable, single])
    for fold in range(FOLDS):
        yield np.isin(data.groups, dealt[fold::FOLDS])


def sampled(data: TypeData, most: int, seed: int) -> TypeData:
    """Keep about `most` rows, whole groups drawn at random; the largest lose rows first.

    Rows in no group all stay.
    """
    if len(data) <= most:
        return data
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(data))
    kept = np.zeros(len(data), np.bool_)
    kept[shuffled[_rank_in_group(data.groups[shuffled]) < LARGEST_GROUP]] = True
    numbers, sizes = np.unique(data.groups[kept & (data.groups >= 0)], return_counts=True)
    order = rng.permutation(len(numbers))
    fitting = int((np.cumsum(sizes[order]) <= most).sum())
    chosen = numbers[order[: max(FEWEST_GROUPS, fitting)]]
    return data.take((kept & np.isin(data.groups, chosen)) | (data.groups < 0))


def _rank_in_group(groups: Integers) -> Integers:
    """Count, for every row, the rows of its group that come before it, (n,)."""
    order = np.argsort(groups, kind="stable")
    _, starts, counts = np.unique(groups[order], return_index=True, return_counts=True)
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, counts)
    return ranks


def scores_of(head: Head, data: TypeData) -> Scores:
    """Let the rows look for one another as the head describes them."""
    return evaluate(head.describe(data.features), data.groups, data.images)
