"""Draw surfaces of objects: a pattern gives a level in 0..1 everywhere, a palette colours it."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.build.drawing.camera import Floats, Rng, colour, stream

Level: TypeAlias = NDArray[np.float64] | NDArray[np.bool_]


@dataclass(frozen=True)
class Finish:
    """A pattern with its period, its direction and whatever else it draws from `seed`."""

    kind: str
    period: float
    angle: float
    share: float
    seed: int

    def level(self, u: Floats, v: Floats) -> Floats:
        """Return 0 where the first colour shows, 1 where the second does."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        x, y = (u * cos + v * sin) / self.period, (v * cos - u * sin) / self.period
        level = PATTERNS[self.kind](x, y, self.share, stream(self.seed))
        return np.asarray(level, np.float64).clip(0, 1)


def _plaid(x: Floats, y: Floats, share: float, rng: Rng) -> Level:
    warp = x % 1 < share
    weft = y * rng.uniform(0.3, 1.5) % 1 < float(rng.choice([0.0, share]))
    level: Level = (warp + 1.0 * weft) / 2 if weft.any() else warp
    return level


def _cells(x: Floats, y: Floats, share: float, rng: Rng) -> Level:
    points = rng.uniform(-4, 4, (40, 2))
    distances = np.stack([np.hypot(x - a, y - b) for a, b in points])
    distances.partition(1, axis=0)
    border: Level = np.diff(distances[:2], axis=0)[0] < share * 0.5
    return border


def _lattice(x: Floats, y: Floats, share: float, rng: Rng) -> Level:
    row = np.floor(y)
    shifted = x + float(rng.choice([0.0, 0.5])) * (row % 2)
    distance = np.hypot(shifted % 1 - 0.5, y % 1 - 0.5) / (0.55 * share)
    return (distance < 1) & (distance > float(rng.choice([0.0, 0.6])))


def _bricks(x: Floats, y: Floats, share: float, rng: Rng) -> Level:
    row = np.floor(y)
    length = rng.uniform(1, 3)
    joint = 0.3 * share
    return (y % 1 < joint) | ((x / length + 0.5 * (row % 2)) % 1 < joint / length)


def _arcs(x: Floats, y: Floats, share: float, rng: Rng) -> Level:
    turned = rng.random((16, 16)) < 0.5
    flip = turned[np.floor(x).astype(int) % 16, np.floor(y).astype(int) % 16]
    a, b = x % 1, np.where(flip, 1 - y % 1, y % 1)
    width = 0.4 * share
    first, second = np.abs(np.hypot(a, b) - 0.5), np.abs(np.hypot(1 - a, 1 - b) - 0.5)
    inside: Level = np.minimum(first, second) < width / 2
    return inside


def _clouds(x: Floats, y: Floats, share: float, rng: Rng) -> Level:
    total = np.zeros_like(x)
    for octave in (0.5, 1.0, 2.0):
        turn = rng.uniform(0, 2 * np.pi)
        warped = x * np.cos(turn) + y * np.sin(turn) + np.sin(octave * 3 * y + turn)
        total += np.sin(octave * 4 * warped) / octave
    return 0.5 + (total - 2 * (share - 0.5)) * float(rng.choice([0.5, 8.0]))


def _fan(x: Floats, y: Floats, share: float, rng: Rng) -> Level:
    spokes = int(rng.integers(5, 16))
    turn = np.arctan2(y + rng.uniform(-2, 2), x) / (2 * np.pi) * spokes
    return turn % 1 < share


def _ramp(x: Floats, _: Floats, share: float, rng: Rng) -> Level:
    return 0.5 + x * rng.uniform(0.1, 0.4) + (share - 0.5)


PATTERNS = {
    "plaid": _plaid,
    "cells": _cells,
    "lattice": _lattice,
    "bricks": _bricks,
    "arcs": _arcs,
    "clouds": _clouds,
    "fan": _fan,
    "ramp": _ramp,
}
KINDS = sorted(PATTERNS)


def draw_finish(rng: Rng) -> Finish:
    """Draw a random surface."""
    return Finish(
        kind=KINDS[rng.integers(len(KINDS))],
        period=float(np.exp(rng.uniform(np.log(0.12), np.log(0.7)))),
        angle=float(rng.uniform(0, np.pi)),
        share=float(rng.uniform(0.25, 0.75)),
        seed=int(rng.integers(1 << 30)),
    )


def draw_palette(rng: Rng) -> Floats:
    """Draw four random colours, (4, 3): neighbours, opposites or greys of one hue."""
    hue, spread = rng.random(), rng.choice([0.08, 0.3, 0.5])
    vivid = rng.choice([0.1, 0.5, 0.9], p=[0.15, 0.35, 0.5])
    return np.stack(
        [
            colour(hue + rng.normal(0, spread), vivid * rng.uniform(0.5, 1.2), rng.uniform(0.15, 1))
            for _ in range(4)
        ]
    )
