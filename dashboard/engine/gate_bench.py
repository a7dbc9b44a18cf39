"""Count how often the gate is wrong, on draws that did not influence how it decides.

From every set and similarity type, numbers of groups are drawn to train on, as a team might have
them. The gate's verdict is compared with the head's quality on the held-out groups.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TextIO

import numpy as np

from dashboard.engine.bench import Cell, PictureSet, drawn, encoded, type_data, worth
from dashboard.engine.encoder import PictureEncoder
from dashboard.engine.folds import FEWEST_GROUPS
from dashboard.engine.gate import judge
from dashboard.engine.prior import AnyPrior, prior_of
from dashboard.engine.training_set import TypeData
from dashboard.engine.ways import fit_way

SIZES = (10, 15, 20, 30, 50, 80, 120)  # groups to train on, and all there are
ALL_IMAGES = 1 << 20
LOSS = 0.01  # of Recall@1, above which people notice
WORTHWHILE = 0.02  # of MAP@R, above which a gain that is not delivered counts as missed
COLUMNS = ("draws", "passed", "true gain of these", "lose MAP@R", "lose a point of Recall@1",
           "gains missed")  # fmt: skip


class Draw(NamedTuple):
    """The gate's verdict on one draw, and the true quality of its best head.

    `gain` and `recall` are the differences of MAP@R and Recall@1 on the held-out groups to the
    untrained head's.
    """

    passed: bool
    gain: float
    recall: float

    @property
    def is_missed(self) -> bool:
        """Whether a head that is better, and costs nothing, was not delivered."""
        return not self.passed and self.gain > WORTHWHILE and self.recall >= -LOSS


class Count(NamedTuple):
    """Count the outcomes of draws; `gain` is the mean of those that passed, NaN if none did."""

    draws: int
    passed: int
    gain: float
    lose_precision: int
    lose_recall: int
    false: int
    missed: int

    def __str__(self) -> str:
        """Return the cells of a table."""
        gain = f"{100 * self.gain:+.1f}" if self.passed else ""
        cells = (self.draws, self.passed, gain, self.lose_precision, self.lose_recall, self.missed)
        return " | ".join(map(str, cells))


def count(draws: Sequence[Draw]) -> Count:
    """Sum up the draws.

    >>> count([Draw(True, 0.05, 0.0), Draw(True, -0.01, -0.02), Draw(False, 0.03, 0.0)])
    Count(draws=3, passed=2, gain=0.02, lose_precision=1, lose_recall=1, false=1, missed=1)
    """
    passed = [draw for draw in draws if draw.passed]
    less, fewer = ([draw.gain <= 0 for draw in passed], [draw.recall < -LOSS for draw in passed])
    return Count(
        draws=len(draws),
        passed=len(passed),
        gain=float(np.mean([draw.gain for draw in passed])) if passed else float("nan"),
        lose_precision=sum(less),
        lose_recall=sum(fewer),
        false=sum(map(max, less, fewer)),
        missed=sum(draw.is_missed for draw in draws),
    )


def draws_of(data: TypeData, prior: AnyPrior, seed: int) -> Iterator[Draw]:
    """Draw numbers of groups of a type, and test the gate on each."""
    most = len(np.unique(data.groups[~data.held_out]))
    unseen = data.take(data.held_out)
    before = worth(prior.untrained.describe(unseen.features), unseen.groups)
    for number, groups in enumerate(SIZES):
        if groups < most:
            part = drawn(data, groups, ALL_IMAGES, 100 * seed + number)
            yield from _judged(part, unseen, prior, before)
    yield from _judged(data, unseen, prior, before)


def _judged(part: TypeData, unseen: TypeData, prior: AnyPrior, before: Cell) -> Iterator[Draw]:
    seen = part.take(part.rows_to_train_on())
    if len(seen.usable_groups()) < FEWEST_GROUPS:
        return
    judgement = judge(seen, prior, seed=0, step=lambda: None)
    scores = judgement.candidates
    best = max(scores, key=lambda recipe: scores[recipe].means()["map@r"])
    head = fit_way(seen, prior, judgement.verdict.recipe or best)
    after = worth(head.describe(unseen.features), unseen.groups)
    gain, recall = after.precision - before.precision, after.recall - before.recall
    yield Draw(judgement.verdict.better, gain, recall)


def run(
    sets: Mapping[str, Callable[[int], PictureSet]],
    seeds: Sequence[int],
    encoder: PictureEncoder,
    out: TextIO,
) -> Count:
    """Draw all sets with every seed and write a row for each type, then their sum."""
    prior = prior_of(encoder.key)
    found: dict[str, list[Draw]] = {}
    for seed in seeds:
        for name, draw in sets.items():
            pictures = draw(seed)
            features = encoded(pictures.images, encoder)
            for kind in pictures.types:
                data = type_data(kind, pictures, features)
                found.setdefault(f"{name}: {kind}", []).extend(draws_of(data, prior, seed))
    return show(found, out)


def show(found: Mapping[str, Sequence[Draw]], out: TextIO) -> Count:
    """Write the table; types without a verified draw have no row."""
    out.write("| | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1) + "\n")
    for name, draws in found.items():
        if draws:
            out.write(f"| {name} | {count(draws)} |\n")
    total = count([draw for draws in found.values() for draw in draws])
    out.write(f"| all | {total} |\n\n")
    if total.passed:
        share = total.false / total.passed
        out.write(f"False passes, by either loss: {total.false} of {total.passed}, {share:.1%}.\n")
    return total
