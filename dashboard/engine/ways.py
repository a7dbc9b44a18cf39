"""Define the ways to make a head: recipes for one encoder, and mixes of two encoders' heads."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from dashboard.engine.heads import AnyHead, Head, Recipe, fit_head
from dashboard.engine.prior import IDENTITY, AnyPrior, PairPrior, Prior
from dashboard.engine.scatter import Floats, GroupStatistics, group_statistics
from dashboard.engine.training_set import TypeData

UNTRAINED = Recipe(0, 0, 0, "untrained")  # the prior's own head, fitted to nothing
COSINE = Recipe(0, 0, 0, "cosine")  # the features unchanged
CANDIDATES = (
    Recipe(300, 1000),
    Recipe(300, 100),
    Recipe(300, 100, shrink=0.1),
    Recipe(100, 1000, shrink=0.01),
    Recipe(300, 1000, leaning="regions"),
    Recipe(300, 1000, leaning="signs"),
    Recipe(300, 1000, leaning=IDENTITY),
    Recipe(300, 100, leaning=IDENTITY),
)
WEIGHTS = (0.5, 0.7, 1.0, 1.5, 2.5)  # of the second half relative to the first; and each half alone
MOST_TO_LEAN = 200  # groups: with more, drawings do not help, and each candidate costs time


class Mix(NamedTuple):
    """A recipe for each half of two encoders' features, the second's descriptor `weight` long."""

    first: Recipe
    second: Recipe
    weight: float


Way: TypeAlias = Recipe | Mix


class Half(NamedTuple):
    """The columns of features that belong to one encoder, from `start` on, and its prior."""

    start: int
    prior: Prior

    def of(self, data: TypeData) -> TypeData:
        """Keep the features of this half."""
        return data.columns(self.start, self.prior.width)


def halves(prior: PairPrior) -> tuple[Half, Half]:
    """Return both halves of the features of two encoders."""
    return Half(0, prior.first), Half(prior.first.width, prior.second)


def candidates(data: TypeData, prior: Prior) -> tuple[Recipe, ...]:
    """Return the recipes to try; those that lean to drawings are only for few groups."""
    few = len(data.usable_groups()) <= MOST_TO_LEAN
    known = {"", *prior.leanings()} if few else {"", IDENTITY} & {"", *prior.leanings()}
    return tuple(recipe for recipe in CANDIDATES if recipe.leaning in known)


def fit_recipes(
    data: TypeData, prior: Prior, recipes: Iterable[Recipe]
) -> Iterator[tuple[Recipe, Head]]:
    """Fit a head by each recipe, one at a time, to all rows, which are summed up only once."""
    statistics = group_statistics(data.features, data.groups)
    yield from fit_statistics(statistics, data.pair_features(), prior, recipes)


def fit_statistics(
    statistics: GroupStatistics,
    pairs: tuple[Floats, Floats],
    prior: Prior,
    recipes: Iterable[Recipe],
) -> Iterator[tuple[Recipe, Head]]:
    """Fit a head by each recipe to rows that were summed up; `pairs` are those not alike."""
    for recipe in recipes:
        if recipe in (UNTRAINED, COSINE):
            yield recipe, prior.untrained if recipe == UNTRAINED else prior.plain
            continue
        scatters = prior.scatters(recipe.leaning)
        yield (
            recipe,
            fit_head(
                statistics,
                prior_within=scatters.within,
                prior_between=scatters.between,
                recipe=recipe,
                negative_pairs=pairs,
                dimension=prior.dimension,
            ),
        )


def fit_way(data: TypeData, prior: AnyPrior, way: Way) -> AnyHead:
    """Fit the head of a way, to all rows."""
    if isinstance(prior, Prior) and isinstance(way, Recipe):
        return next(fit_recipes(data, prior, [way]))[1]
    if isinstance(prior, PairPrior) and isinstance(way, Mix):
        first, second = (
            next(fit_recipes(half.of(data), half.prior, [recipe]))[1]
            for half, recipe in zip(halves(prior), way[:2], strict=True)
        )
        return prior.mixed(first, second, way.weight)
    raise TypeError(f"{way} is not a way to fit a head for {prior.encoder}")


def told(way: Way | None) -> dict[str, Any] | None:
    """Return a way as JSON; an unused half has no recipe."""
    if way is None or isinstance(way, Recipe):
        return way._asdict() if way else None
    alone = way.weight == float("inf")
    first = {} if alone else way.first._asdict()
    second = {f"photo_{name}": value for name, value in way.second._asdict().items()}
    said = {"photo_weight": None if alone else way.weight}
    return said | first | (second if way.weight else {})
