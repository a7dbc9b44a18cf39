"""Deliver a trained head only if it beats an untrained one on unseen groups.

The untrained one is the untrained head, or the plain cosine of the features if that is better: a
head that only equals the cosine has learned nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dashboard.engine.crossing import (
    Comparison,
    among_all,
    cross_validate,
    scores_of,
    unseen_among_all,
)
from dashboard.engine.folds import FEWEST_GROUPS, FOLDS, can_part, folds, sampled
from dashboard.engine.heads import AnyHead
from dashboard.engine.metrics import Scores, bootstrap_means, joined, mean
from dashboard.engine.prior import AnyPrior, PairPrior
from dashboard.engine.training_set import TypeData
from dashboard.engine.ways import CANDIDATES, Way, candidates, fit_recipes, fit_way, halves

__all__ = [
    "CANDIDATES",
    "FOLDS",
    "MOST_ROWS",
    "Judgement",
    "Verdict",
    "candidates",
    "compare",
    "fit_recipes",
    "folds",
    "judge",
    "sampled",
    "scores_of",
    "steps_to_judge",
]

MOST_ROWS = 10_000  # a comparison on more costs minutes and decides the same
CERTAINTY = 0.99  # at 0.95, 5 of 25 passes cost more than a point of Recall@1; at this, 2 of 20
TRIES = 6  # ways to try among all groups, the best among unseen ones first
RECALL_MAY_FALL = 0.01  # of Recall@1, for a gain in MAP@R
NAMES = {"untrained": "untrained embedding", "cosine": "plain cosine of the features"}


@dataclass(frozen=True)
class Verdict:
    """The gate's decision, and the reason in one sentence for people.

    `recipe` is the way of the winner, None if nothing trained is better. `gain` is its gain in mean
    MAP@R over `baseline` ("untrained" or "cosine"), `gain_at_least` the 1% quantile of that; None
    if not verified. `plain` is the cosine that is delivered without training, if it is better than
    the untrained head and nothing trained is better than it.
    """

    sentence: str
    recipe: Way | None = None
    gain: float | None = None
    gain_at_least: float | None = None
    baseline: str = "untrained"
    plain: Way | None = None

    @property
    def better(self) -> bool:
        """Whether the trained head is delivered."""
        return self.recipe is not None

    @property
    def verified(self) -> bool:
        """Whether there were enough groups for a comparison."""
        return self.gain is not None

    @property
    def delivered(self) -> Way | None:
        """The way of the delivered head; None is the untrained one."""
        return self.recipe or self.plain


@dataclass(frozen=True)
class Judgement:
    """A verdict, with the scores on unseen groups of the delivered and of the untrained head.

    `delivered`, `untrained` and `working` (the head in use, None without one) are scores among all
    groups. `candidates` are those that decided: each fold's groups among one another, by every way
    that was tried, with `alone` by the untrained head; none if nothing could be verified. `gallery`
    has the numbers of images and groups that were searched. `parted` is False if the folds could
    not keep blocks together.
    """

    verdict: Verdict
    delivered: Scores
    untrained: Scores
    gallery: dict[str, int]
    candidates: dict[Way, Scores] = field(default_factory=dict)
    alone: Scores | None = None
    working: Scores | None = None
    parted: bool = True


def steps_to_judge(data: TypeData, prior: AnyPrior, *, seed: int) -> int:
    """Return how often `judge` will call its `step`."""
    if len(data.usable_groups()) < FEWEST_GROUPS:
        return 1
    data = sampled(data, MOST_ROWS, seed)
    if isinstance(prior, PairPrior):
        return FOLDS * sum(len(candidates(data, half.prior)) for half in halves(prior)) + 1
    return FOLDS * len(candidates(data, prior))


def judge(
    data: TypeData,
    prior: AnyPrior,
    *,
    seed: int,
    step: Callable[[], None],
    working: AnyHead | None = None,
) -> Judgement:
    """Compare all candidates with the untrained head on groups that they were not fitted to.

    Under FEWEST_GROUPS groups there is no comparison: the untrained head stays, and its scores are
    over all groups, none of which it has seen. `working` is scored, too, and decides nothing.
    """
    groups = len(data.usable_groups())
    data = sampled(data, MOST_ROWS, seed)
    if groups < FEWEST_GROUPS:
        step()
        untrained = scores_of(prior.untrained, data)
        sentence = (
            f"Too few groups to verify ({groups} of at least {FEWEST_GROUPS}) that training makes "
            "it better; kept the untrained embedding."
        )
        in_use = scores_of(working, data) if working else None
        return Judgement(Verdict(sentence), untrained, untrained, gallery_of(data), working=in_use)
    found = cross_validate(data, prior, seed=seed, step=step)
    untrained = among_all(data, prior.untrained, seed=seed)
    verdict, delivered = _decided(data, prior, found, untrained, seed)
    return Judgement(
        verdict,
        delivered,
        untrained,
        gallery_of(data),
        {way: joined(parts) for way, parts in found.trained.items()},
        joined(found.untrained),
        among_all(data, working, seed=seed) if working else None,
        parted=data.blocks is None or can_part(data),
    )


def _decided(
    data: TypeData, prior: AnyPrior, found: Comparison, untrained: Scores, seed: int
) -> tuple[Verdict, Scores]:
    """Decide, and score the delivered head among all groups.

    A way that is better among unseen groups, but costs Recall@1, or is not better among all of
    them, is replaced by the next best: people would not see the improvement.
    """
    alone, cosine = joined(found.untrained), found.cosine()
    baseline, before = "untrained", alone
    if cosine is not None:
        plain = joined(found.cosines[cosine])
        if mean(plain.average_precision) > mean(alone.average_precision):
            baseline, before = "cosine", plain
    verdicts = []
    for _ in range(min(TRIES, len(found.trained))):
        best = found.best()
        verdict = compare(best, found.honest(seed=seed), before, baseline, seed=seed)
        if verdict.better:
            shown = unseen_among_all(data, found, seed=seed)
            if holds(shown, untrained):
                return verdict, shown
            verdict = _not_among_all(verdict, shown, untrained)
        verdicts.append(verdict)
        found = found.less(best)
    if cosine is None or baseline == "untrained":
        return verdicts[0], untrained
    shown = among_all(data, fit_way(data, prior, cosine), seed=seed)
    if not compare(cosine, before, alone, seed=seed).better or not holds(shown, untrained):
        return verdicts[0], untrained
    was, now = (100 * mean(one.average_precision) for one in (alone, before))
    sentence = (
        "Training is not surely better than the plain cosine of the features, which is used: on "
        f"unseen groups its MAP@R is {now:.1f}, that of the untrained embedding {was:.1f}."
    )
    first = verdicts[0]
    return Verdict(sentence, None, first.gain, first.gain_at_least, "cosine", cosine), shown


def holds(after: Scores, before: Scores) -> bool:
    """Return whether the head is at least as good as the untrained one among all groups."""
    return mean(after.average_precision) >= mean(before.average_precision)


def _not_among_all(verdict: Verdict, after: Scores, before: Scores) -> Verdict:
    was, now = (100 * mean(one.average_precision) for one in (before, after))
    sentence = (
        "Better than the untrained embedding among unseen groups, but not among all groups: "
        f"MAP@R {now:.1f} instead of {was:.1f}; kept the untrained embedding. More groups help "
        "most."
    )
    return Verdict(sentence, None, verdict.gain, verdict.gain_at_least, verdict.baseline)


def gallery_of(data: TypeData) -> dict[str, int]:
    """Return the numbers of images and groups that a query is compared with."""
    known = data.groups >= 0
    return {
        "images": len(np.unique(data.images[known])),
        "groups": len(np.unique(data.groups[known])),
    }


def compare(
    recipe: Way, trained: Scores, before: Scores, baseline: str = "untrained", *, seed: int
) -> Verdict:
    """Decide by a paired bootstrap over groups of the gain in MAP@R of the same queries.

    The trained head must be better in MAP@R with CERTAINTY, and may not lose in Recall@1 what
    people would notice: the two can differ where groups are large.
    """
    gains = trained.average_precision - before.average_precision
    gain = mean(gains)
    floor = float(np.quantile(bootstrap_means(gains, trained.groups, seed), 1 - CERTAINTY))
    fall = mean(before.recall[1]) - mean(trained.recall[1])
    was, now = (100 * mean(s.average_precision) for s in (before, trained))
    name = NAMES[baseline]
    if floor > 0 and fall <= RECALL_MAY_FALL:
        sentence = (
            f"The trained embedding is better than the {name} on groups it has not seen, compared "
            f"among one another: MAP@R {now:.1f} instead of {was:.1f}, a gain above "
            f"{100 * floor:.1f} with {CERTAINTY:.0%} confidence."
        )
        return Verdict(sentence, recipe, gain, floor, baseline)
    sentence = (
        f"Not better than the {name}; kept the untrained embedding. Among unseen groups the MAP@R "
        f"of the {name} is {was:.1f}, that of the trained one {now:.1f}"
    )
    if fall > RECALL_MAY_FALL:
        sentence += f", whose Recall@1 is {100 * fall:.1f} lower"
    return Verdict(f"{sentence}. More groups help most.", None, gain, floor, baseline)
