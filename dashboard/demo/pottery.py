"""Draw products made on a wheel: mugs, vases, teapots, bottles, lamps, plates."""

import numpy as np

from dashboard.demo.canvas import Canvas, Patch, flat, padded
from dashboard.demo.design import Design
from dashboard.demo.inks import BRASS, COFFEE, CREAM, LEAF, STEEL, plain
from dashboard.demo.shapes import Floats, curve, ellipse, ribbon
from dashboard.demo.turned import Turned, draw_opening, draw_turned

Rng = np.random.Generator


def draw_mug(canvas: Canvas, design: Design, rng: Rng) -> None:
    """Draw a mug with its handle on one side, sometimes with coffee in it."""
    foot, belly = design.between(0, 0.42, 0.58), design.between(1, 0.54, 0.66)
    height = design.between(2, 0.5, 0.72)
    body = Turned.through((0.57, -height), (belly, 0), (foot, height - 0.08), (foot - 0.06, height))
    side = np.sin(canvas.pose.turn)
    reach = belly + design.between(3, 0.3, 0.42)
    handle = [(0.5, -0.55 * height), (reach, -0.5 * height), (reach, 0.35 * height), (0.46, 0.5)]
    grip = [(x * side, y) for x, y in handle]
    canvas.line(grip, 0.13, padded(design.plain(design.one_of(4, 2)), 0.8, 8))
    draw_turned(canvas, body, design.wrapped(belly), gloss=0.35)
    drink = COFFEE if rng.random() < 0.4 else None
    draw_opening(canvas, body, design.colours[0], design.colours[2], drink)


_VASES = (
    ((0.24, -0.95), (0.2, -0.6), (0.55, 0.1), (0.5, 0.6), (0.32, 0.9)),
    ((0.4, -0.8), (0.3, -0.55), (0.62, -0.1), (0.42, 0.6), (0.3, 0.9)),
    ((0.16, -0.95), (0.15, -0.35), (0.56, 0.25), (0.58, 0.6), (0.36, 0.9)),
    ((0.46, -0.85), (0.36, -0.3), (0.34, 0.2), (0.48, 0.7), (0.44, 0.9)),
    ((0.3, -0.7), (0.6, -0.35), (0.52, 0.3), (0.34, 0.75), (0.3, 0.9)),
)


def draw_vase(canvas: Canvas, design: Design, rng: Rng) -> None:
    """Draw a vase, sometimes with a few branches in it."""
    wide, high = design.between(1, 0.85, 1.15), design.between(2, 0.8, 1.0)
    profile = [(r * wide, y * high) for r, y in _VASES[design.one_of(0, len(_VASES))]]
    body = Turned.through(*profile)
    draw_turned(canvas, body, design.wrapped(0.5 * wide), gloss=0.3)
    draw_opening(canvas, body, design.colours[0], design.colours[0] * 0.5)
    if rng.random() < 0.5:
        for _ in range(3):
            _draw_branch(canvas, body.top + 0.02, rng)


def _draw_branch(canvas: Canvas, foot: float, rng: Rng) -> None:
    lean, length = rng.normal(0, 0.3), rng.uniform(0.3, 0.6)
    tip = (lean, foot - length)
    stem = curve([(0, foot), (0.3 * lean, foot - 0.5 * length), tip])
    canvas.line(stem[::4], 0.025, flat(plain(LEAF * 0.8)))
    for place, way in zip(stem[5::3], (-1, 1) * 5, strict=False):
        end = place + np.array([0.13 * way, -0.1])
        leaf = ribbon([place, (place + end) / 2, end], (0.02, 0.1, 0.01))
        canvas.area(leaf, flat(plain(LEAF * rng.uniform(0.85, 1.15))))


def draw_teapot(canvas: Canvas, design: Design, _: Rng) -> None:
    """Draw a teapot with spout, handle and lid."""
    round_, top = design.between(0, 0.6, 0.72), design.between(1, -0.42, -0.3)
    body = Turned.through((0.3, top), (round_, 0.08), (round_ * 0.8, 0.5), (0.36, 0.66))
    high = design.between(2, -0.5, -0.34)
    spout = [(0.5, 0.34), (0.82, 0.16), (0.88, high + 0.16), (1.06, high)]
    canvas.area(ribbon(spout, (0.36, 0.22, 0.15, 0.14)), padded(design.plain(0), 0.9, 12))
    handle = [(-0.5, -0.2), (-0.98, -0.36), (-1.0, 0.24), (-0.5, 0.42)]
    if design.one_of(3, 2):
        handle = [(-0.42, -0.22), (-0.45, -0.95), (0.45, -0.95), (0.42, -0.22)]
    canvas.line(handle, 0.12, padded(design.plain(1), 0.8, 8))
    draw_turned(canvas, body, design.wrapped(round_), gloss=0.35)
    lid = Turned.through((0.02, top - 0.16), (0.2, top - 0.1), (0.34, top + 0.04))
    draw_turned(canvas, lid, design.plain(1), gloss=0.3)
    canvas.area(ellipse((0, top - 0.2), (0.09, 0.09)), padded(design.plain(2), 0.9, 8))


def draw_bottle(canvas: Canvas, design: Design, _: Rng) -> None:
    """Draw a drinking bottle with its cap."""
    wide, neck = design.between(0, 0.32, 0.44), design.between(1, 0.17, 0.26)
    shoulder = design.between(2, -0.55, -0.25)
    body = Turned.through(
        (neck, -0.66),
        (neck, shoulder - 0.12),
        (wide, shoulder + 0.12),
        (wide, 0.9),
        (wide - 0.05, 0.97),
        sharp=True,
    )
    draw_turned(canvas, body, design.wrapped(wide), gloss=0.3)
    collar = Turned.through((neck + 0.01, -0.72), (neck + 0.01, -0.64), sharp=True)
    draw_turned(canvas, collar, plain(STEEL), gloss=0.5)
    tall = design.between(3, 0.18, 0.3)
    cap = Turned.through((neck + 0.03, -0.7 - tall), (neck + 0.04, -0.7), sharp=True)
    if design.one_of(4, 2):
        high = -1.2 - 0.3 * tall
        loop = [(-neck, -0.74), (-neck, high), (neck, high), (neck, -0.74)]
        canvas.line(loop, 0.07, padded(design.plain(2), 0.6, 6))
    draw_turned(canvas, cap, design.plain(1), gloss=0.2)
    lid = cap.ring(0, canvas.pose.above)
    canvas.area(lid, flat(plain(design.colours[1] * 1.08)))


def draw_lamp(canvas: Canvas, design: Design, rng: Rng) -> None:
    """Draw a table lamp, lit or not."""
    above = canvas.pose.above
    profile = (
        ((0.08, -0.1), (0.34, 0.25), (0.3, 0.7), (0.22, 0.95)),
        ((0.06, -0.1), (0.12, 0.2), (0.42, 0.72), (0.4, 0.95)),
        ((0.1, -0.1), (0.24, 0.1), (0.1, 0.4), (0.28, 0.7), (0.24, 0.95)),
    )[design.one_of(0, 3)]
    body = Turned.through(*profile)
    draw_turned(canvas, body, design.plain(1), gloss=0.35)
    canvas.line([(0, -0.35), (0, -0.06)], 0.06, padded(plain(BRASS), 0.6, 4))
    low, high = design.between(1, 0.56, 0.72), design.between(2, 0.26, 0.5)
    shade = Turned.through((high, -0.95), (low, -0.2), sharp=True)
    canvas.area(shade.outline(above), shade.finish(design.wrapped(low), canvas))
    glow = 1.25 if rng.random() < 0.5 else 0.7
    inside = (CREAM * (0.5 + 0.5 * design.colours[0]) * glow).clip(0, 1)
    canvas.area(shade.ring(0, above), padded(plain(inside), -0.3, 12))


def draw_plate(canvas: Canvas, design: Design, _: Rng) -> None:
    """Draw a plate, seen from well above."""
    above = 0.45 + 0.9 * canvas.pose.above
    canvas.area(ellipse((0, 0.06), (0.98, 0.98 * above)), flat(plain(design.colours[0] * 0.62)))
    ink, turn, rim = design.wrapped(0.8), canvas.pose.turn, design.between(0, 0.58, 0.72)

    def finish(patch: Patch) -> Floats:
        x, y = patch.x, patch.y / np.float32(above)
        far = np.hypot(x, y)[..., None]
        printed = ink(np.arctan2(y, x) + np.float32(turn), far[..., 0])
        well = design.colours[2 if design.one_of(1, 2) else 0]
        colours = np.where(far < rim, well, printed)
        line = (np.abs(far - rim - 0.01) < 0.015) | (far > 0.95)
        colours = np.where(line, design.colours[1], colours)
        lean = (x * patch.light[0] + y * patch.light[1])[..., None] / far.clip(0.1, None)
        wall = np.exp(-(((far - rim + 0.03) / 0.06) ** 2))
        bright: Floats = colours * (0.95 - 0.22 * lean * wall + 0.05 * lean * (far > rim))
        return bright

    canvas.area(ellipse((0, 0), (0.98, 0.98 * above)), finish)
