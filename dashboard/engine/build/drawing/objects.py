"""Draw products from several sides: each is a form, a palette and a finish."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from dashboard.engine.build.drawing.camera import SIDE, Floats, Rng, photograph, smooth_noise
from dashboard.engine.build.drawing.finishes import Finish
from dashboard.engine.build.drawing.forms import Form


@dataclass(frozen=True)
class Thing:
    """What stays the same from view to view."""

    form: Form
    palette: Floats
    finish: Finish


def view(thing: Thing, rng: Rng) -> Image.Image:
    """Draw one view: own pose, light and background."""
    u, v, scale = _pose(rng)
    body, limbs = thing.form.distances(u, v)
    whole = np.minimum(body, limbs)
    cover = _cover(whole, scale)
    lit = _colours(thing, u, v, body, limbs) * _light(whole, rng)
    scene = _background(cover, rng) * (1 - cover) + lit * cover
    return photograph(scene, rng)


def _pose(rng: Rng) -> tuple[Floats, Floats, float]:
    """Return the thing's own coordinates at every pixel, and pixels per unit of length."""
    scale = SIDE / 2 * rng.uniform(0.55, 0.9)
    turn, tilt_to = rng.normal(0, 0.35), rng.uniform(0, np.pi)
    tilt = np.diag([1, np.cos(rng.uniform(0, 0.8))])
    axes = _rotation(tilt_to) @ tilt @ _rotation(-tilt_to) @ _rotation(turn) * scale
    middle = SIDE / 2 + rng.normal(0, 0.06 * SIDE, 2)
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    offsets = np.stack([x - middle[0], y - middle[1]])
    u, v = np.einsum("ij,jyx->iyx", np.linalg.inv(axes), offsets)
    depth = 1 + rng.normal(0, 0.08) * u + rng.normal(0, 0.08) * v
    return u / depth, v / depth, float(scale)


def _rotation(angle: float) -> Floats:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _cover(distance: Floats, scale: float) -> Floats:
    """Return 1 inside, 0 outside, soft over one pixel."""
    return (0.5 - distance * scale).clip(0, 1)[..., None]


def _colours(thing: Thing, u: Floats, v: Floats, body: Floats, limbs: Floats) -> Floats:
    level = thing.finish.level(u, v)[..., None]
    first, second, limb, rim = thing.palette
    colours = first * (1 - level) + second * level
    colours = np.where((limbs < 0)[..., None], limb, colours)
    edge = np.abs(np.minimum(body, limbs)) < thing.form.rim
    trimmed: Floats = np.where(edge[..., None], rim, colours)
    return trimmed


def _light(distance: Floats, rng: Rng) -> Floats:
    """Return brightness (side, side, 1): a bulge near the outline, lit from one side."""
    bulge = np.exp(distance.clip(-2, 0) / rng.uniform(0.1, 0.5))
    down, across = np.gradient(bulge)
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 4)
    relief = (across * np.cos(angle) + down * np.sin(angle)) * strength
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    slope = rng.uniform(0, 0.45) * (x * np.cos(angle) + y * np.sin(angle))
    lit: Floats = ((1 - relief + slope) * rng.uniform(0.8, 1.1)).clip(0.2, 1.8)[..., None]
    return lit


def _background(cover: Floats, rng: Rng) -> Floats:
    """Draw a wall, a floor, blurred things on it, and the thing's shadow."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    wall, floor = rng.uniform(0.05, 1, (2, 3))
    if rng.random() < 0.4:
        floor = wall * rng.uniform(0.8, 1.1)
    horizon = rng.uniform(0.3, 0.9) + rng.normal(0, 0.2) * x
    ground = 1 / (1 + np.exp((horizon - y)[..., None] * rng.choice([4, 150])))
    back = wall * (1 - ground) + floor * ground
    for _ in range(rng.integers(0, 5)):
        back = _clutter(back, x, y, rng)
    if rng.random() < 0.3:
        back = back + rng.uniform(0, 0.12) * smooth_noise(rng, int(rng.integers(3, 40)))
    shaded: Floats = back * (1 - rng.uniform(0, 0.5) * _shadow(cover, rng))
    return shaded


def _clutter(back: Floats, x: Floats, y: Floats, rng: Rng) -> Floats:
    a, b = rng.uniform(0, 1, 2)
    w, h = rng.uniform(0.03, 0.3, 2)
    power = rng.choice([2, 8])
    inside = np.abs((x - a) / w) ** power + np.abs((y - b) / h) ** power < 1
    return np.where(inside[..., None], rng.uniform(0.05, 1, 3), back)


def _shadow(cover: Floats, rng: Rng) -> Floats:
    mask = Image.fromarray((cover[..., 0] * 255).astype(np.uint8))
    soft = np.asarray(mask.filter(ImageFilter.GaussianBlur(rng.uniform(1, 6))), np.float64) / 255
    shift = rng.integers(-5, 9, 2)
    return np.roll(soft, tuple(int(s) for s in shift), (0, 1))[..., None]
