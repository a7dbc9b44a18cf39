"""From a training set to a model: fit, check on unseen groups, report."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from dashboard.engine.errors import Cancelled, InvalidTrainingSet, TooLittleData
from dashboard.engine.gate import (
    CANDIDATES,
    FOLDS,
    MOST_ROWS,
    Judgement,
    Verdict,
    fit_recipes,
    judge,
    sampled,
    scores_of,
    steps_to_judge,
)
from dashboard.engine.heads import Head, Recipe
from dashboard.engine.metrics import Scores, intervals
from dashboard.engine.prior import BUILTIN, Prior, builtin_prior
from dashboard.engine.trained_model import TrainedHead, TrainedModel
from dashboard.engine.training_set import TrainingSet, TypeData

__all__ = [
    "Cancelled",
    "Production",
    "TooLittleData",
    "TrainedModel",
    "TrainingSet",
    "TypeData",
    "fit",
]

Json: TypeAlias = dict[str, Any]

CODE = 3  # counts up whenever the same data would give another model
FEWEST_TO_FIT = 2  # groups of two images


@dataclass(frozen=True)
class Production:
    """What works now, to compare with.

    `learned` has, by type, the numbers of those groups of the set that it was trained on itself,
    whole or in part: what it is worth on them flatters it.
    """

    model: TrainedModel
    learned: Mapping[str, Collection[int]]


def fit(
    training_set: TrainingSet,
    *,
    progress: Callable[[str, float], None],
    cancelled: Callable[[], bool],
    prior: Prior | None = None,
    production: Production | None = None,
) -> TrainedModel:
    """Train one head for each type; a type keeps the untrained one unless the gate lets it go.

    `progress` hears what is being done and how much of all is done, 0 to 1, never falling.
    The same set gives the same model. Without `prior`, the shipped encoder's is meant.
    `production` is what works now: its heads are scored on the same queries, for comparison.
    Raises Cancelled soon after `cancelled()` first says so, TooLittleData if a type has fewer
    than two groups of two images to train on.
    """
    prior = prior or _prior_of(training_set)
    usable = [_usable(data) for data in training_set.types]
    counts = [steps_to_judge(data, prior, seed=training_set.seed) + 1 for data in usable]
    steps = _Steps(sum(counts), progress, cancelled)
    parts = [
        _fit_type(_Work(whole, data, prior, training_set.seed, production), steps)
        for whole, data in zip(training_set.types, usable, strict=True)
    ]
    progress("Done", 1.0)
    return TrainedModel(training_set.encoder, tuple(parts), made_of(training_set))


def made_of(training_set: TrainingSet) -> dict[str, Any]:
    """Say what a training depends on: trained again from the same, it gives the same model.

    `data` is a SHA-256 of all arrays, `code` the version of the formulas.
    """
    digest = hashlib.sha256()
    for data in training_set.types:
        digest.update(data.key.encode())
        for values in (data.features, data.groups, data.images, data.held_out, data.negative_pairs):
            digest.update(f"{values.dtype.str}{values.shape}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
    return {
        "code": CODE,
        "numpy": np.__version__,
        "seed": training_set.seed,
        "data": digest.hexdigest(),
        "candidates": [list(recipe) for recipe in CANDIDATES],
        "folds": FOLDS,
    }


@dataclass(frozen=True)
class _Work:
    """One type to fit: all its rows, those to train on, and whom to compare with."""

    whole: TypeData
    data: TypeData
    prior: Prior
    seed: int
    production: Production | None

    @property
    def working(self) -> Head | None:
        """The head in use, if it takes the same features."""
        if self.production is None or self.production.model.encoder != self.prior.encoder:
            return None
        heads = {part.key: part.head for part in self.production.model.heads}
        return heads.get(self.whole.key)

    def compared(self, delivered: Scores, untrained: Scores, working: Scores | None) -> Json:
        """Give what is reported of heads on the same queries."""
        found = {
            "queries": len(delivered),
            "groups": len(np.unique(delivered.groups)),
            "delivered": _intervals(delivered, self.seed),
            "untrained": _intervals(untrained, self.seed),
            "by_group": _by_group(delivered),
        }
        if self.production is not None and working is not None:
            learned = self.production.learned.get(self.whole.key, ())
            found["production"] = _intervals(working, self.seed)
            found["production_learned"] = int(np.isin(np.unique(working.groups), [*learned]).sum())
        return found


class _Steps:
    """Counts what is done, tells it on, and stops the work when asked to."""

    def __init__(
        self, total: int, progress: Callable[[str, float], None], cancelled: Callable[[], bool]
    ) -> None:
        self._total, self._done = total, 0
        self._progress, self._cancelled = progress, cancelled

    def step(self, stage: str) -> None:
        if self._cancelled():
            raise Cancelled
        self._progress(stage, self._done / self._total)
        self._done += 1


def _prior_of(training_set: TrainingSet) -> Prior:
    if training_set.encoder != BUILTIN:
        raise InvalidTrainingSet(f"There is no prior for the encoder {training_set.encoder}.")
    return builtin_prior()


def _usable(data: TypeData) -> TypeData:
    """Leave out what is held out; refuse what is too little to fit."""
    usable = data.take(data.rows_to_train_on())
    groups = len(usable.usable_groups())
    if groups < FEWEST_TO_FIT:
        raise TooLittleData(type_name=data.name, groups=groups, needed=FEWEST_TO_FIT)
    return usable


def _fit_type(work: _Work, steps: _Steps) -> TrainedHead:
    data, prior = work.data, work.prior
    checking = f"Checking “{data.name}” on groups it has not seen"
    judgement = judge(
        data, prior, seed=work.seed, step=lambda: steps.step(checking), working=work.working
    )
    steps.step(f"Fitting “{data.name}”")
    recipe = judgement.verdict.recipe
    head = next(fit_recipes(data, prior, [recipe]))[1] if recipe else prior.untrained
    report = {
        "name": data.name,
        "groups": len(data.usable_groups()),
        "images": len(np.unique(data.images[data.groups >= 0])),
        "dimension": head.dimension,
        "verdict": _verdict(judgement.verdict),
        "candidates": _candidates(judgement),
        "unseen": work.compared(judgement.delivered, judgement.untrained, judgement.working),
        "held_out": _held_out(work, head),
    }
    return TrainedHead(data.key, data.name, head, report)


def _candidates(judgement: Judgement) -> list[dict[str, Any]]:
    """Give the table of cross-validation, the untrained head first, its recipe None."""
    rows: list[tuple[Recipe | None, Scores]] = [(None, judgement.untrained)]
    rows += judgement.candidates.items()
    return [
        {"recipe": recipe._asdict() if recipe else None, **scores.means()}
        for recipe, scores in rows
        if len(scores)
    ]


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "better": verdict.better,
        "verified": verdict.verified,
        "sentence": verdict.sentence,
        "gain": verdict.gain,
        "gain_at_least": verdict.gain_at_least,
        "recipe": verdict.recipe._asdict() if verdict.recipe else None,
    }


def _held_out(work: _Work, head: Head) -> dict[str, Any] | None:
    """Score all heads on the test-marked rows alone; None if there is nothing to ask there."""
    test = sampled(work.whole.take(work.whole.held_out), MOST_ROWS, work.seed)
    delivered, untrained = scores_of(head, test), scores_of(work.prior.untrained, test)
    if not len(delivered):
        return None
    working = scores_of(work.working, test) if work.working else None
    return work.compared(delivered, untrained, working)


def _intervals(scores: Scores, seed: int) -> dict[str, dict[str, float]]:
    found = intervals(scores.named(), scores.groups, seed)
    return {name: interval._asdict() for name, interval in found.items()}


def _by_group(scores: Scores) -> dict[str, list[float]]:
    """Give every group's number and means in columns, the worst MAP@R first."""
    numbers, index, sizes = np.unique(scores.groups, return_inverse=True, return_counts=True)
    columns = {
        name: np.bincount(index, weights=values) / sizes for name, values in scores.named().items()
    }
    order = np.argsort(columns["map@r"], kind="stable")
    table = {"group": numbers, **columns}
    return {name: values[order].tolist() for name, values in table.items()}
