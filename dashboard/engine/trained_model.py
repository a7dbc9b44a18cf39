"""Define the result of a training: one head for each similarity type, with its report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.heads import AnyHead, unit_rows
from dashboard.engine.prior import AnyPrior


@dataclass(frozen=True)
class TrainedHead:
    """The head of one similarity type; `report` has its quality, in JSON types."""

    key: str
    name: str
    head: AnyHead
    report: dict[str, Any]


@dataclass(frozen=True)
class TrainedModel:
    """Heads for one encoder's features, in a fixed order; `made` records the inputs, as JSON."""

    encoder: str
    heads: tuple[TrainedHead, ...]
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def dimension(self) -> int:
        """The numbers in one descriptor."""
        return sum(part.head.dimension for part in self.heads)

    def describe(
        self, features: NDArray[np.floating], weights: Mapping[str, float] | None = None
    ) -> NDArray[np.float32]:
        """Return the descriptors (n, dimension) float32 of features (n, k), rows of unit length.

        Each type's descriptor has unit length, they are concatenated, and the whole is scaled to
        unit length. `weights` by the types' keys (1 if not named) are for a query: against rows
        computed without weights, the order of its results is that of the weighted sum of the types'
        own cosines.
        """
        factors = self._factors(weights or {})
        blocks = [
            factor * part.head.describe(features).astype(np.float64)
            for factor, part in zip(factors, self.heads, strict=True)
        ]
        return unit_rows(np.concatenate(blocks, axis=1)).astype(np.float32)

    def _factors(self, weights: Mapping[str, float]) -> list[float]:
        unknown = set(weights) - {part.key for part in self.heads}
        if unknown:
            raise ValueError(f"There is no similarity type {', '.join(sorted(unknown))}.")
        factors = [float(weights.get(part.key, 1.0)) for part in self.heads]
        if not all(0 <= factor < np.inf for factor in factors) or not any(factors):
            raise ValueError("Weights are zero or more, and one at least is more than zero.")
        return factors

    def report(self) -> dict[str, Any]:
        """Return all types' reports by key, ready for JSON."""
        return {part.key: part.report for part in self.heads}


def untrained_model(prior: AnyPrior) -> TrainedModel:
    """Return the model before any training."""
    return TrainedModel(
        prior.encoder, (TrainedHead("untrained", "Untrained", prior.untrained, {}),)
    )
