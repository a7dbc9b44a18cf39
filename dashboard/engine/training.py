"""From a training set to a model: fit, check on unseen groups, report."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dashboard.engine.errors import Cancelled, InvalidTrainingSet, TooLittleData
from dashboard.engine.gate import (
    MOST_ROWS,
    Verdict,
    fit_recipes,
    judge,
    sampled,
    scores_of,
    steps_to_judge,
)
from dashboard.engine.heads import Head
from dashboard.engine.metrics import Scores, intervals
from dashboard.engine.prior import BUILTIN, Prior, builtin_prior
from dashboard.engine.trained_model import TrainedHead, TrainedModel
from dashboard.engine.training_set import TrainingSet, TypeData

__all__ = ["Cancelled", "TooLittleData", "TrainedModel", "TrainingSet", "TypeData", "fit"]

FEWEST_TO_FIT = 2  # groups of two images


def fit(
    training_set: TrainingSet,
    *,
    progress: Callable[[str, float], None],
    cancelled: Callable[[], bool],
    prior: Prior | None = None,
) -> TrainedModel:
    """Train one head for each type; a type keeps the untrained one unless the gate lets it go.

    `progress` hears what is being done and how much of all is done, 0 to 1, never falling.
    The same set gives the same model. Without `prior`, the shipped encoder's is meant.
    Raises Cancelled soon after `cancelled()` first says so, TooLittleData if a type has fewer
    than two groups of two images to train on.
    """
    prior = prior or _prior_of(training_set)
    usable = [_usable(data) for data in training_set.types]
    steps = _Steps(sum(steps_to_judge(data) + 1 for data in usable), progress, cancelled)
    parts = [
        _fit_type(whole, data, prior, training_set.seed, steps)
        for whole, data in zip(training_set.types, usable, strict=True)
    ]
    progress("Done", 1.0)
    return TrainedModel(training_set.encoder, tuple(parts))


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


def _fit_type(
    whole: TypeData, data: TypeData, prior: Prior, seed: int, steps: _Steps
) -> TrainedHead:
    checking = f"Checking “{data.name}” on groups it has not seen"
    judgement = judge(data, prior, seed=seed, step=lambda: steps.step(checking))
    steps.step(f"Fitting “{data.name}”")
    recipe = judgement.verdict.recipe
    head = next(fit_recipes(data, prior, [recipe]))[1] if recipe else prior.untrained
    report = {
        "name": data.name,
        "groups": len(data.usable_groups()),
        "images": len(np.unique(data.images[data.groups >= 0])),
        "dimension": head.dimension,
        "verdict": _verdict(judgement.verdict),
        "unseen": _comparison(judgement.delivered, judgement.untrained, seed),
        "held_out": _held_out(whole, head, prior, seed),
    }
    return TrainedHead(data.key, data.name, head, report)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "better": verdict.better,
        "verified": verdict.verified,
        "sentence": verdict.sentence,
        "gain": verdict.gain,
        "gain_at_least": verdict.gain_at_least,
        "recipe": verdict.recipe._asdict() if verdict.recipe else None,
    }


def _held_out(whole: TypeData, head: Head, prior: Prior, seed: int) -> dict[str, Any] | None:
    """Score both heads on the test-marked rows alone; None if there is nothing to ask there."""
    test = sampled(whole.take(whole.held_out), MOST_ROWS, seed)
    delivered, untrained = scores_of(head, test), scores_of(prior.untrained, test)
    return _comparison(delivered, untrained, seed) if len(delivered) else None


def _comparison(delivered: Scores, untrained: Scores, seed: int) -> dict[str, Any]:
    return {
        "queries": len(delivered),
        "groups": len(np.unique(delivered.groups)),
        "delivered": _intervals(delivered, seed),
        "untrained": _intervals(untrained, seed),
        "by_group": _by_group(delivered),
    }


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
