"""Draw outlines of objects as signed distances: below zero is inside."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from dashboard.engine.build.drawing.camera import Floats, Rng

Pair: TypeAlias = tuple[float, float]
Knobs: TypeAlias = tuple[float, ...]


@dataclass(frozen=True)
class Part:
    """One simple solid: its kind, position, size and rotation."""

    kind: str
    centre: Pair
    size: Pair
    angle: float
    knobs: Knobs

    def distance(self, u: Floats, v: Floats) -> Floats:
        """Return the approximate distance to the outline at every point of the plane."""
        x, y = u - self.centre[0], v - self.centre[1]
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        x, y = x * cos + y * sin, -x * sin + y * cos
        return DISTANCES[self.kind](x, y, self.size, self.knobs)


def _ellipse(x: Floats, y: Floats, size: Pair, _: Knobs) -> Floats:
    return (np.hypot(x / size[0], y / size[1]) - 1) * min(size)


def _box(x: Floats, y: Floats, size: Pair, knobs: Knobs) -> Floats:
    corner = min(size) * (0.05 + 0.6 * knobs[0])
    dx, dy = np.abs(x) - size[0] + corner, np.abs(y) - size[1] + corner
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
    return outside + np.minimum(np.maximum(dx, dy), 0) - corner


def _rosette(x: Floats, y: Floats, size: Pair, knobs: Knobs) -> Floats:
    petals = 3 + int(6 * knobs[0])
    turn = np.arctan2(y, x)
    reach = 1 + (0.1 + 0.3 * knobs[1]) * np.cos(petals * turn) + 0.1 * np.cos(turn - 6 * knobs[2])
    return np.asarray(np.hypot(x, y) / reach - max(size) * 0.8)


def _vessel(x: Floats, y: Floats, size: Pair, knobs: Knobs) -> Floats:
    heights = np.linspace(-size[1], size[1], len(knobs))
    radius = np.interp(y, heights, size[0] * (0.25 + 0.75 * np.array(knobs)))
    return np.maximum(np.abs(x) - radius, np.abs(y) - size[1])


def _wedge(x: Floats, y: Floats, size: Pair, knobs: Knobs) -> Floats:
    lean = 0.2 + 0.8 * knobs[0]
    sides = np.abs(x) - size[0] * np.interp(y, [-size[1], size[1]], [lean, 1.1 - lean])
    return np.maximum(sides, np.abs(y) - size[1])


DISTANCES = {
    "ellipse": _ellipse,
    "box": _box,
    "rosette": _rosette,
    "vessel": _vessel,
    "wedge": _wedge,
}
KINDS = sorted(DISTANCES)


@dataclass(frozen=True)
class Form:
    """A body, limbs in another colour, and holes, mirrored or not."""

    body: Part
    limbs: tuple[Part, ...]
    holes: tuple[Part, ...]
    mirrored: bool
    rim: float

    def distances(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """Return the distances to the body and to the nearest limb, holes cut out of both."""
        side = np.abs(u) if self.mirrored else u
        nowhere = np.full_like(u, 9.0)
        hole = _nearest(self.holes, side, v, nowhere)
        body = np.maximum(self.body.distance(u, v), -hole)
        return body, np.maximum(_nearest(self.limbs, side, v, nowhere), -hole)


def _nearest(parts: tuple[Part, ...], u: Floats, v: Floats, nowhere: Floats) -> Floats:
    nearest: Floats = np.min([nowhere, *(part.distance(u, v) for part in parts)], axis=0)
    return nearest


def _pair(rng: Rng, low: float, high: float) -> Pair:
    first, second = rng.uniform(low, high, 2).tolist()
    return first, second


def _part(rng: Rng, reach: float, low: float, high: float) -> Part:
    return Part(
        kind=KINDS[rng.integers(len(KINDS))],
        centre=_pair(rng, -reach, reach),
        size=_pair(rng, low, high),
        angle=float(rng.uniform(-np.pi, np.pi) if reach else rng.normal(0, 0.2)),
        knobs=tuple(rng.random(5).tolist()),
    )


def draw_form(rng: Rng) -> Form:
    """Draw a random outline; all of it lies within about one of the middle."""
    return Form(
        body=_part(rng, 0.0, 0.35, 0.95),
        limbs=tuple(_part(rng, 0.8, 0.08, 0.4) for _ in range(rng.integers(0, 4))),
        holes=tuple(_part(rng, 0.6, 0.06, 0.25) for _ in range(rng.integers(0, 3))),
        mirrored=bool(rng.random() < 0.6),
        rim=float(rng.choice([0.0, rng.uniform(0.03, 0.16)])),
    )
