"""Read a version's metrics of each type as named values, in percent."""

from dataclasses import dataclass
from typing import Any

from dashboard.engine.metrics import Interval
from dashboard.models import Version

# The words up to each of these shares of object categories in the similarity.
_MIX_STEPS = (0.15, 0.4, 0.6, 0.85)
_MIX_WORDS = (
    "almost only shapes and colours",
    "mostly shapes and colours",
    "shapes and colours as much as object categories",
    "mostly object categories",
    "almost only object categories",
)
# What the gate compares with instead, where it is better than the untrained embedding.
_BASELINES = {"cosine": "the plain cosine of the features, which is better than the untrained head"}
NAMES = {"recall@1": "Recall@1", "recall@5": "Recall@5", "map@r": "MAP@R"}


@dataclass(frozen=True)
class Measure:
    """One metric of the delivered head, beside that of the untrained embedding.

    `production` is that of the production version at the time, None if it was not compared.
    """

    name: str
    delivered: Interval
    untrained: Interval
    production: Interval | None = None

    @property
    def difference(self) -> float:
        """Return by how many percentage points the delivered head is better."""
        return self.delivered.value - self.untrained.value

    @property
    def loss(self) -> float:
        """Return by how many it is worse: the gate checks only MAP@R, so others may fall."""
        return -self.difference


@dataclass(frozen=True)
class Comparison:
    """The metrics of all heads on the same queries.

    `learned` is how many of the groups the production version was itself trained on. `gallery` is
    the number of images that each query searched; None in older versions, which searched only the
    part of the groups that was tested at a time.
    """

    queries: int
    groups: int
    learned: int
    gallery: int | None
    recall_at_1: Measure
    recall_at_5: Measure
    map_at_r: Measure

    @property
    def measures(self) -> list[Measure]:
        """Return all metrics, in the order in which pages show them."""
        return [self.recall_at_1, self.recall_at_5, self.map_at_r]

    @property
    def has_production(self) -> bool:
        """Return whether the production version was compared."""
        return self.map_at_r.production is not None


@dataclass(frozen=True)
class Candidate:
    """A row of the cross-validation table, in percent; no recipe is the untrained head."""

    recipe: dict[str, Any] | None
    values: list[float]
    chosen: bool


@dataclass(frozen=True)
class Mix:
    """The share of object categories in the similarity; the rest is shapes and colours."""

    photo_share: float

    @property
    def words(self) -> str:
        """Return one of five descriptions."""
        steps = zip(_MIX_STEPS, _MIX_WORDS, strict=False)
        return next((words for most, words in steps if self.photo_share <= most), _MIX_WORDS[-1])

    @property
    def percent(self) -> float:
        """Return the share of object categories in percent."""
        return 100 * self.photo_share


@dataclass(frozen=True)
class Evaluation:
    """The result of a training for one type: the gate's verdict and the numbers behind it.

    `gain` and `gain_at_least` are percentage points of MAP@R, None if nothing could be verified.
    `held_out` is None without images with a test mark. `production` is the number of the production
    version at the time, None without one. `mix` is None with a single encoder, and in older
    versions. `baseline` says what the gate compared with, `folds` why groups were not kept together
    as requested; both are mostly empty. `fold_by` is the key of metadata that keeps groups
    together.
    """

    name: str
    groups: int
    images: int
    dimension: int
    better: bool
    verified: bool
    sentence: str
    gain: float | None
    gain_at_least: float | None
    recipe: dict[str, Any] | None
    unseen: Comparison
    held_out: Comparison | None
    candidates: list[Candidate]
    production: int | None
    mix: Mix | None
    baseline: str
    folds: str
    fold_by: str


def evaluations(version: Version) -> list[Evaluation]:
    """Return the version's evaluations, by the name of the type; none before its training ends."""
    found = [_evaluation(report) for report in version.metrics.values()]
    return sorted(found, key=lambda evaluation: evaluation.name)


def _evaluation(report: dict[str, Any]) -> Evaluation:
    verdict, held_out = report["verdict"], report["held_out"]
    return Evaluation(
        name=report["name"],
        groups=report["groups"],
        images=report["images"],
        dimension=report["dimension"],
        better=verdict["better"],
        verified=verdict["verified"],
        sentence=verdict["sentence"],
        gain=_percent(verdict["gain"]),
        gain_at_least=_percent(verdict["gain_at_least"]),
        recipe=_shown(verdict["recipe"]),
        unseen=_comparison(report["unseen"]),
        held_out=_comparison(held_out) if held_out else None,
        candidates=_candidates(report),
        # From here on with `get`: versions that were trained earlier have no such entry.
        production=report.get("production_version"),
        mix=_mix(report.get("mix")),
        baseline=_BASELINES.get(report.get("baseline", ""), ""),
        folds=report.get("folds", {}).get("sentence", ""),
        fold_by=report.get("fold_by", ""),
    )


def _mix(mix: dict[str, Any] | None) -> Mix | None:
    if mix is None or mix.get("photo_share") is None:
        return None
    return Mix(float(mix["photo_share"]))


def _candidates(report: dict[str, Any]) -> list[Candidate]:
    """Return the table, the untrained head first; older versions have none."""
    chosen = report["verdict"]["recipe"]
    return [
        Candidate(_shown(row["recipe"]), [100 * row[key] for key in NAMES], row["recipe"] == chosen)
        for row in report.get("candidates", [])
    ]


def _shown(recipe: dict[str, Any] | None) -> dict[str, Any] | None:
    """Remove the empty values of a recipe."""
    if recipe is None:
        return None
    return {name: value for name, value in recipe.items() if value not in ("", None)}


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _comparison(scores: dict[str, Any]) -> Comparison:
    recall_at_1, recall_at_5, map_at_r = (_measure(scores, key) for key in NAMES)
    return Comparison(
        queries=scores["queries"],
        groups=scores["groups"],
        learned=scores.get("production_learned", 0),
        gallery=int(scores["gallery"]["images"]) if "gallery" in scores else None,
        recall_at_1=recall_at_1,
        recall_at_5=recall_at_5,
        map_at_r=map_at_r,
    )


def _measure(scores: dict[str, Any], key: str) -> Measure:
    production = scores.get("production")
    return Measure(
        NAMES[key],
        _in_percent(scores["delivered"][key]),
        _in_percent(scores["untrained"][key]),
        _in_percent(production[key]) if production else None,
    )


def _in_percent(interval: dict[str, float]) -> Interval:
    return Interval(*(100 * interval[part] for part in Interval._fields))
