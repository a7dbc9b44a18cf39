"""Fit a model to a training set, compare it on unseen groups, and report."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from dashboard.engine.crossing import scores_of
from dashboard.engine.errors import TooLittleData
from dashboard.engine.folds import FOLDS, sampled
from dashboard.engine.gate import (
    MOST_ROWS,
    Judgement,
    Verdict,
    gallery_of,
    judge,
    steps_to_judge,
)
from dashboard.engine.heads import AnyHead, MixedHead
from dashboard.engine.metrics import Scores, intervals
from dashboard.engine.prior import AnyPrior, PairPrior, prior_of
from dashboard.engine.progress import SILENT, Progress
from dashboard.engine.trained_model import TrainedHead, TrainedModel
from dashboard.engine.training_set import TrainingSet, TypeData, joined_rows
from dashboard.engine.ways import CANDIDATES, WEIGHTS, Way, fit_way, told

__all__ = [
    "Production",
    "TooLittleData",
    "TrainedModel",
    "TrainingSet",
    "TypeData",
    "fit",
]

Json: TypeAlias = dict[str, Any]

CODE = 6  # increased whenever the same data would give another model
FEWEST_TO_FIT = 2  # groups of two images


@dataclass(frozen=True)
class Production:
    """The model in use, to compare with.

    `learned` has, by type, the numbers of those groups of the set that it was itself trained on,
    wholly or partly: its scores on them are too high.
    """

    model: TrainedModel
    learned: Mapping[str, Collection[int]]


def fit(
    training_set: TrainingSet,
    *,
    progress: Progress = SILENT,
    prior: AnyPrior | None = None,
    production: Production | None = None,
) -> TrainedModel:
    """Train one head for each type; a type keeps the untrained one unless the gate passes it.

    `progress` gets the number of finished fits and of all fits before each fit; it stops the
    training by raising. The same set gives the same model. `prior` defaults to the prior of the
    shipped encoder, or of both encoders if the set has the features of both.

    `production` is the model in use: its heads are scored on the same queries, for comparison.

    Raises TooLittleData if a type has fewer than two groups of two images to train on.
    """
    prior = prior or prior_of(training_set.encoder)
    usable = [_usable(data) for data in training_set.types]
    counts = [steps_to_judge(data, prior, seed=training_set.seed) + 1 for data in usable]
    steps = _Steps(sum(counts), progress)
    parts = [
        _fit_type(_Work(whole, data, prior, training_set.seed, production), steps)
        for whole, data in zip(training_set.types, usable, strict=True)
    ]
    progress.report(sum(counts), sum(counts), "Done")
    return TrainedModel(training_set.encoder, tuple(parts), made_of(training_set))


def made_of(training_set: TrainingSet) -> dict[str, Any]:
    """Return what a training depends on: trained again from the same, it gives the same model.

    `data` is a SHA-256 of all arrays, `code` the version of the formulas.
    """
    digest = hashlib.sha256()
    for data in training_set.types:
        digest.update(data.key.encode())
        arrays = [data.features, data.groups, data.images, data.held_out, data.negative_pairs]
        for values in arrays if data.blocks is None else [*arrays, data.blocks]:
            digest.update(f"{values.dtype.str}{values.shape}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
    return {
        "code": CODE,
        "numpy": np.__version__,
        "seed": training_set.seed,
        "data": digest.hexdigest(),
        "candidates": [list(recipe) for recipe in CANDIDATES],
        "weights": list(WEIGHTS),
        "folds": FOLDS,
    }


@dataclass(frozen=True)
class _Work:
    """One type to fit: all its rows, those to train on, and the model to compare with."""

    whole: TypeData
    data: TypeData
    prior: AnyPrior
    seed: int
    production: Production | None

    @property
    def working(self) -> AnyHead | None:
        """The head in use, if it accepts the same features."""
        if self.production is None or self.production.model.encoder != self.prior.encoder:
            return None
        heads = {part.key: part.head for part in self.production.model.heads}
        return heads.get(self.whole.key)

    def compared(
        self,
        delivered: Scores,
        untrained: Scores,
        working: Scores | None,
        gallery: dict[str, int],
    ) -> Json:
        """Return the report of heads on the same queries among the same gallery."""
        found = {
            "queries": len(delivered),
            "groups": len(np.unique(delivered.groups)),
            "gallery": gallery,
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
    """Counts finished steps and reports them."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total, self._done = total, 0
        self._progress = progress

    def begin(self, step: str) -> None:
        self._progress.report(self._done, self._total, step)
        self._done += 1


def _usable(data: TypeData) -> TypeData:
    """Exclude held-out rows; refuse too few groups for a fit."""
    usable = data.take(data.rows_to_train_on())
    groups = len(usable.usable_groups())
    if groups < FEWEST_TO_FIT:
        raise TooLittleData(type_name=data.name, groups=groups, needed=FEWEST_TO_FIT)
    return usable


def _fit_type(work: _Work, steps: _Steps) -> TrainedHead:
    data, prior = work.data, work.prior
    checking = f"Checking “{data.name}” on groups it has not seen"
    judgement = judge(
        data, prior, seed=work.seed, step=lambda: steps.begin(checking), working=work.working
    )
    steps.begin(f"Fitting “{data.name}”")
    way = judgement.verdict.delivered
    head = fit_way(data, prior, way) if way else prior.untrained
    report = {
        "name": data.name,
        "groups": len(data.usable_groups()),
        "images": len(np.unique(data.images[data.groups >= 0])),
        "dimension": head.dimension,
        "mix": _mix(head, prior),
        "baseline": judgement.verdict.baseline,
        "folds": _folds(data, judgement),
        "verdict": _verdict(judgement.verdict),
        "candidates": _candidates(judgement),
        "unseen": work.compared(
            judgement.delivered, judgement.untrained, judgement.working, judgement.gallery
        ),
        "held_out": _held_out(work, head),
    }
    return TrainedHead(data.key, data.name, head, report)


def _mix(head: AnyHead, prior: AnyPrior) -> Json | None:
    """Return the photo half's share of the similarity; None for features of one encoder.

    `photo_weight` is the length of the photo half relative to the other, None if it is alone;
    `photo_share` is its share of the squared similarity, 0 to 1.
    """
    if not isinstance(prior, PairPrior) or not isinstance(head, MixedHead):
        return None
    share = head.share(prior.first.width)
    weight = None if share == 1 else float(np.sqrt(share / (1 - share)))
    return {"photo_weight": weight and round(weight, 6), "photo_share": round(share, 6)}


def _folds(data: TypeData, judgement: Judgement) -> Json:
    """Return whether groups that share a block were tested together; no sentence if they were."""
    if judgement.parted:
        return {"by": "group" if data.blocks is None else "block", "sentence": ""}
    sentence = (
        "The folds could not follow the metadata key: too many groups share a value. Groups were "
        "tested one by one instead, so these figures may be too high."
    )
    return {"by": "group", "sentence": sentence}


def _candidates(judgement: Judgement) -> list[dict[str, Any]]:
    """Return the table of cross-validation, the untrained head first, its recipe None."""
    untrained = judgement.untrained if judgement.alone is None else judgement.alone
    rows: list[tuple[Way | None, Scores]] = [(None, untrained)]
    rows += judgement.candidates.items()
    return [{"recipe": told(way), **scores.means()} for way, scores in rows if len(scores)]


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "better": verdict.better,
        "verified": verdict.verified,
        "sentence": verdict.sentence,
        "gain": verdict.gain,
        "gain_at_least": verdict.gain_at_least,
        "recipe": told(verdict.recipe),
    }


def _held_out(work: _Work, head: AnyHead) -> dict[str, Any] | None:
    """Search for the rows with a test mark among all rows of the type; None without queries."""
    kept = sampled(work.whole.take(~work.whole.held_out), MOST_ROWS, work.seed)
    test = sampled(work.whole.take(work.whole.held_out), MOST_ROWS, work.seed)
    if not len(test):
        return None
    whole = joined_rows(test, kept)
    queries = np.arange(len(whole)) < len(test)
    delivered, untrained, working = (
        scores_of(one, whole, queries) if one else None
        for one in (head, work.prior.untrained, work.working)
    )
    if delivered is None or untrained is None or not len(delivered):
        return None
    return work.compared(delivered, untrained, working, gallery_of(whole))


def _intervals(scores: Scores, seed: int) -> dict[str, dict[str, float]]:
    found = intervals(scores.named(), scores.groups, seed)
    return {name: interval._asdict() for name, interval in found.items()}


def _by_group(scores: Scores) -> dict[str, list[float]]:
    """Return every group's number and means in columns, the worst MAP@R first."""
    numbers, index, sizes = np.unique(scores.groups, return_inverse=True, return_counts=True)
    columns = {
        name: np.bincount(index, weights=values) / sizes for name, values in scores.named().items()
    }
    order = np.argsort(columns["map@r"], kind="stable")
    table = {"group": numbers, **columns}
    return {name: values[order].tolist() for name, values in table.items()}
