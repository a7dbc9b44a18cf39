"""Draw signs written with a pen: a skeleton of strokes, written in many styles."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from dashboard.engine.build.drawing.camera import SIDE, Floats, Rng, photograph

PAPER = 2 * SIDE  # written at twice the size, for smooth edges
LATTICE = np.array([-1, -0.5, 0, 0.5, 1])
STEPS = 16  # points between two knots of a stroke


@dataclass(frozen=True)
class Stroke:
    """Knots (n, 2) in -1..1, joined in order."""

    knots: Floats
    closed: bool


@dataclass(frozen=True)
class Hand:
    """A style of writing, whatever the sign."""

    width: float
    contrast: float
    pen_angle: float
    slant: float
    narrow: float
    serif: float
    tremor: float
    round: bool
    hollow: bool


def draw_skeleton(rng: Rng) -> tuple[Stroke, ...]:
    """Draw a random sign: one to three strokes, most of them between points of a lattice."""
    return tuple(_stroke(rng) for _ in range(rng.integers(1, 4)))


def _stroke(rng: Rng) -> Stroke:
    count = rng.integers(2, 5)
    on_lattice = rng.random() < 0.6
    knots = rng.choice(LATTICE, (count, 2)) if on_lattice else rng.uniform(-1, 1, (count, 2))
    return Stroke(knots, closed=bool(count > 2 and rng.random() < 0.5))


def draw_hand(rng: Rng) -> Hand:
    """Draw a random style of writing."""
    return Hand(
        width=float(rng.uniform(0.05, 0.34)),
        contrast=float(rng.uniform(0.25, 1)),
        pen_angle=float(rng.uniform(0, np.pi)),
        slant=float(rng.uniform(-0.1, 0.35)),
        narrow=float(rng.uniform(0.5, 1.1)),
        serif=float(rng.choice([0, rng.uniform(0.05, 0.35)])),
        tremor=float(rng.choice([0, rng.uniform(0, 0.035)], p=[0.7, 0.3])),
        round=bool(rng.random() < 0.7),
        hollow=bool(rng.random() < 0.08),
    )


def view(skeleton: tuple[Stroke, ...], hand: Hand, rng: Rng) -> Image.Image:
    """Write the sign once, slightly shifted and turned, in two contrasting colours."""
    scale = PAPER * rng.uniform(0.24, 0.36)
    placed = _placement(hand, scale, rng)
    ink = Image.new("L", (PAPER, PAPER), 0)
    pen = _pen(hand) * scale
    for stroke in skeleton:
        path = _path(stroke, hand, rng) @ placed[:, :2].T + placed[:, 2]
        _write(ink, path, pen)
        if hand.serif and not stroke.closed:
            _add_serifs(ink, path, hand, scale)
    if hand.hollow:
        ink = ImageChops.subtract(ink, ink.filter(ImageFilter.MinFilter(9)))
    return photograph(_printed(ink, rng), rng)


def _placement(hand: Hand, scale: float, rng: Rng) -> Floats:
    """Return the map (2, 3) from the sign's plane to the paper."""
    turn = rng.uniform(-0.14, 0.14)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    style = np.array([[hand.narrow, -hand.slant], [0, 1]])
    middle = PAPER / 2 + rng.uniform(-0.08, 0.08, 2) * PAPER
    return np.column_stack([rotation @ style * scale, middle])


def _pen(hand: Hand) -> Floats:
    """Return the pen's nib, an ellipse of 16 points about the origin."""
    t = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    x, y = hand.width * np.cos(t), hand.width * hand.contrast * np.sin(t)
    cos, sin = np.cos(hand.pen_angle), np.sin(hand.pen_angle)
    return np.column_stack([x * cos - y * sin, x * sin + y * cos])


def _path(stroke: Stroke, hand: Hand, rng: Rng) -> Floats:
    knots = np.vstack([stroke.knots, stroke.knots[:1]]) if stroke.closed else stroke.knots
    t = np.linspace(0, len(knots) - 1, STEPS * (len(knots) - 1) + 1)
    path = np.column_stack([np.interp(t, range(len(knots)), column) for column in knots.T])
    if hand.round and len(knots) > 2:
        margin = 6
        padded = np.pad(path, ((margin, margin), (0, 0)), mode="edge")
        window = np.ones(2 * margin + 1) / (2 * margin + 1)
        path = np.column_stack([np.convolve(column, window, "valid") for column in padded.T])
    return path + rng.normal(0, 1, path.shape) * hand.tremor


def _write(ink: Image.Image, path: Floats, pen: Floats) -> None:
    """Stamp the nib along the path, closely enough to leave no teeth."""
    draw = ImageDraw.Draw(ink)
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    along = np.arange(0, length[-1] + 1, max(1.0, np.abs(pen).max() / 6))
    for x, y in zip(*(np.interp(along, length, column) for column in path.T), strict=True):
        draw.polygon([(x + a, y + b) for a, b in pen], fill=255)


def _add_serifs(ink: Image.Image, path: Floats, hand: Hand, scale: float) -> None:
    draw = ImageDraw.Draw(ink)
    half, thick = hand.serif * scale, hand.width * scale / 2
    for x, y in (path[0], path[-1]):
        draw.rectangle([x - half, y - thick, x + half, y + thick], fill=255)


def _printed(ink: Image.Image, rng: Rng) -> Floats:
    small = ink.resize((SIDE, SIDE), Image.Resampling.BOX)
    cover = np.asarray(small, np.float64)[..., None] / 255
    luma = np.array([0.3, 0.59, 0.11])
    front, back = rng.random(3), rng.random(3)
    while abs((front - back) @ luma) < 0.3:
        front, back = rng.random(3), rng.random(3)
    return front * cover + back * (1 - cover)
