"""Drawn products: contour x palette x surface pattern, each a similarity type of its own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tests.data.common import SIZE, EvaluationSet, photographed, rgb_of, rng_of

Floats = NDArray[np.float64]
TYPES = ("product", "shape", "colourway", "pattern")


@dataclass(frozen=True)
class Pattern:
    """A surface of two levels."""

    kind: int
    frequency: float
    angle: float
    share: float
    seed: int


@dataclass(frozen=True)
class Pool:
    """What a part of the set is made of: so many products of so many shapes, palettes, patterns."""

    products: int
    shapes: int
    palettes: int
    patterns: int


TRAIN, TEST = Pool(120, 30, 30, 20), Pool(60, 15, 15, 12)


def products(
    seed: int = 0, views: int = 8, train: Pool = TRAIN, test: Pool = TEST
) -> EvaluationSet:
    """Give `views` pictures of every product; the test pool is held out."""
    images: list[Image.Image] = []
    names: list[tuple[str, ...]] = []
    for part, pool in enumerate((train, test)):
        shapes = [_shape(rng_of(seed, 301, part, i)) for i in range(pool.shapes)]
        palettes = [_palette(rng_of(seed, 302, part, i)) for i in range(pool.palettes)]
        patterns = [_pattern(rng_of(seed, 303, part, i)) for i in range(pool.patterns)]
        for number in range(pool.products):
            r = rng_of(seed, 304, part, number)
            a, b, c = (int(r.integers(n)) for n in (pool.shapes, pool.palettes, pool.patterns))
            for view in range(views):
                r = rng_of(seed, 305, part, number, view)
                images.append(_draw(shapes[a], palettes[b], patterns[c], r))
                names.append(tuple(f"{part}-{n}" for n in (number, a, b, c)))
    types = dict(zip(TYPES, map(list, zip(*names, strict=True)), strict=True))
    return EvaluationSet(images, types, np.array([name[0].startswith("1") for name in names]))


def _shape(r: np.random.Generator) -> Floats:
    """Give a contour (180, 2) within -1..1: blob, gear, polygon or superellipse."""
    kind = r.integers(4)
    t = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    radius = (_blob, _gear, _polygon, _superellipse)[kind](t, r)
    squeeze = r.uniform(0.55, 1.0)
    x, y = radius * np.cos(t), radius * np.sin(t) * squeeze
    if r.random() < 0.4:  # a handle or a notch
        at = r.uniform(0, 6.28)
        off = (np.mod(t - at + np.pi, 2 * np.pi) - np.pi) / 0.22
        bump = np.exp(-(off**2)) * r.choice([-0.45, 0.55])
        x, y = x * (1 + bump), y * (1 + bump)
    contour = np.stack([x, y], 1)
    return contour / np.abs(contour).max()


def _blob(t: Floats, r: np.random.Generator) -> Floats:
    return 1 + sum(
        r.uniform(-0.28, 0.28) / (k**0.5) * np.cos(k * t + r.uniform(0, 6.28)) for k in range(2, 7)
    )


def _gear(t: Floats, r: np.random.Generator) -> Floats:
    teeth = r.integers(3, 9)
    depth, wave = r.uniform(0.15, 0.4), np.cos(teeth * t)
    return 1 + depth * np.sign(wave) * np.abs(wave) ** r.uniform(0.3, 2)


def _polygon(t: Floats, r: np.random.Generator) -> Floats:
    corners = r.integers(3, 8)
    return np.cos(np.pi / corners) / np.cos(np.mod(t, 2 * np.pi / corners) - np.pi / corners)


def _superellipse(t: Floats, r: np.random.Generator) -> Floats:
    power = r.uniform(0.5, 4)
    return (np.abs(np.cos(t)) ** power + np.abs(np.sin(t)) ** power) ** (-1 / power)


def _palette(r: np.random.Generator) -> Floats:
    hue = r.random()
    colours = []
    for shift in (0, r.uniform(0.1, 0.9), r.uniform(0.1, 0.9)):
        colours.append(rgb_of((hue + shift) % 1, r.uniform(0.35, 1), r.uniform(0.3, 1)))
    return np.array(colours)


def _pattern(r: np.random.Generator) -> Pattern:
    return Pattern(
        kind=int(r.integers(6)),
        frequency=r.uniform(2, 7),
        angle=r.uniform(0, np.pi),
        share=r.uniform(0.3, 0.7),
        seed=int(r.integers(1 << 30)),
    )


def _levels(pattern: Pattern, u: Floats, v: Floats) -> NDArray[np.int64]:
    """Give 0 or 1 at every point: stripes, dots, checks, zigzag, rings or waves."""
    f, share = pattern.frequency, pattern.share
    cos, sin = np.cos(pattern.angle), np.sin(pattern.angle)
    x, y = u * cos + v * sin, -u * sin + v * cos
    match pattern.kind:
        case 0:
            inside = np.mod(x * f / 2, 1) < share
        case 1:
            across, down = np.mod(x * f / 2, 1) - 0.5, np.mod(y * f / 2, 1) - 0.5
            inside = across**2 + down**2 < (0.5 * share) ** 2 + 0.02
        case 2:
            inside = (np.floor(x * f / 2) + np.floor(y * f / 2)) % 2
        case 3:
            inside = np.mod(x * f / 2 + 0.35 * np.abs(np.mod(y * f, 2) - 1), 1) < share
        case 4:
            inside = np.mod(np.hypot(u, v) * f / 1.5, 1) < share
        case _:
            q = np.random.default_rng(pattern.seed)
            waves = [
                np.sin(x * q.normal(0, f) + y * q.normal(0, f) + q.uniform(0, 6.28))
                for _ in range(6)
            ]
            inside = sum(waves) > (share - 0.5) * 4
    return np.asarray(inside).astype(int)


def _draw(shape: Floats, palette: Floats, pattern: Pattern, r: np.random.Generator) -> Image.Image:
    axes, middle = _pose(r)
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    u, v = np.linalg.inv(axes) @ np.stack([x.ravel() - middle[0], y.ravel() - middle[1]])
    levels = _levels(pattern, u.reshape(SIZE, SIZE), v.reshape(SIZE, SIZE))
    inner, outer = (_mask(shape * scale, axes, middle) for scale in (0.86, 1))
    colours = palette[levels] * inner + palette[2] * (1 - inner)
    angle = r.uniform(0, 6.28)
    slope = ((x - SIZE / 2) * np.cos(angle) + (y - SIZE / 2) * np.sin(angle)) / SIZE
    lit = colours * (1 + r.uniform(0.1, 0.5) * slope)[..., None] * r.uniform(0.75, 1.1)
    shadow = np.roll(outer, (4, 3), (0, 1))
    back = _background(x, y, slope, r) * (1 - 0.35 * shadow)
    picture = lit * outer + back * (1 - outer)
    return photographed(Image.fromarray((picture.clip(0, 1) * 255).astype(np.uint8)), r, 0.7)


def _pose(r: np.random.Generator) -> tuple[Floats, Floats]:
    """Give the map (2, 2) from the product to pixels, and its middle (2,)."""
    angle, flatness, towards = r.uniform(-0.7, 0.7), r.uniform(0.68, 1.0), r.uniform(0, np.pi)
    scale = r.uniform(0.58, 0.86) * SIZE / 2
    turn, tilt = _rotation(angle), _rotation(towards)
    axes = tilt @ np.diag([1, flatness]) @ tilt.T @ turn * scale
    shift = (r.uniform(-0.1, 0.1), r.uniform(-0.1, 0.1))
    return axes, np.array([SIZE / 2 + s * SIZE for s in shift])


def _rotation(angle: float) -> Floats:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _mask(contour: Floats, axes: Floats, middle: Floats) -> NDArray[np.float32]:
    mask = Image.new("L", (2 * SIZE, 2 * SIZE), 0)
    outline = [tuple(2 * (axes @ point + middle)) for point in contour]
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    return np.asarray(mask.resize((SIZE, SIZE), Image.Resampling.BOX), np.float32)[..., None] / 255  # type: ignore[return-value]


def _background(x: Floats, y: Floats, slope: Floats, r: np.random.Generator) -> Floats:
    first, second = r.uniform(0.1, 0.95, 3), r.uniform(0.1, 0.95, 3)
    along = (slope + 0.5)[..., None]
    back = first * (1 - along * 0.5) + second * along * 0.5
    for _ in range(r.integers(0, 4)):  # things that stand about
        a, b, w = r.uniform(0, SIZE), r.uniform(0, SIZE), r.uniform(6, 30)
        inside = (np.abs(x - a) < w) & (np.abs(y - b) < w * r.uniform(0.2, 1))
        back = np.where(inside[..., None], r.uniform(0.1, 0.95, 3), back)
    return back
