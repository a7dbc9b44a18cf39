"""Draw objects behind a product, and choose the colours of backdrops."""

import colorsys
from typing import TypeAlias

import numpy as np
from PIL import ImageDraw

from dashboard.demo.shapes import Floats, ribbon

Rng: TypeAlias = np.random.Generator
Colour: TypeAlias = tuple[int, int, int]


def draw_colour(rng: Rng, *, calm: bool = False) -> Colour:
    """Return a random colour: often a muted one, sometimes a strong one."""
    vivid = 0.22 if calm or rng.random() < 0.4 else 0.55
    value = 1 - 0.6 * rng.random() ** 1.6
    return to_bytes(colorsys.hsv_to_rgb(rng.random(), vivid * rng.random(), value))


def to_bytes(colour: tuple[float, float, float] | Floats) -> Colour:
    """Return parts of 0..1 as a colour for Pillow."""
    red, green, blue = (int(255 * min(max(float(part), 0), 1)) for part in colour)
    return red, green, blue


def shaded(colour: Colour, by: float) -> Colour:
    """Return a colour darker, or lighter if `by` is above 1."""
    return to_bytes(np.array(colour) / 255 * by)


def draw_prop(draw: ImageDraw.ImageDraw, x: float, floor: float, rng: Rng) -> None:
    """Draw an object that is not a product on the floor or on the wall at x."""
    PROPS[rng.integers(len(PROPS))](draw, x, floor, rng)


def _draw_books(draw: ImageDraw.ImageDraw, x: float, floor: float, rng: Rng) -> None:
    for _ in range(rng.integers(2, 6)):
        wide, high = rng.uniform(10, 24), rng.uniform(60, 120)
        draw.rectangle((x, floor - high, x + wide, floor), fill=draw_colour(rng))
        x += wide


def _draw_plant(draw: ImageDraw.ImageDraw, x: float, floor: float, rng: Rng) -> None:
    green = to_bytes(colorsys.hsv_to_rgb(rng.uniform(0.22, 0.42), 0.45, rng.uniform(0.3, 0.7)))
    for _ in range(9):
        tip = (x + rng.normal(0, 55), floor - rng.uniform(80, 190))
        bend = ((x + tip[0]) / 2 + rng.normal(0, 8), (floor - 40 + tip[1]) / 2)
        leaf = ribbon([(x, floor - 40), bend, tip], (3, 16, 2))
        draw.polygon([(a, b) for a, b in leaf.tolist()], fill=shaded(green, rng.uniform(0.8, 1.2)))
    draw.rectangle((x - 22, floor - 52, x + 22, floor), fill=draw_colour(rng, calm=True))


def _draw_picture(draw: ImageDraw.ImageDraw, x: float, floor: float, rng: Rng) -> None:
    wide, high, y = *rng.uniform(60, 130, 2), floor - rng.uniform(150, 230)
    draw.rectangle((x, y, x + wide, y + high), fill=draw_colour(rng, calm=True))
    draw.rectangle((x + 9, y + 9, x + wide - 9, y + high - 9), fill=draw_colour(rng))


def _draw_fruit(draw: ImageDraw.ImageDraw, x: float, floor: float, rng: Rng) -> None:
    skin = colorsys.hsv_to_rgb(rng.uniform(0, 0.25), rng.uniform(0.5, 0.8), rng.uniform(0.6, 0.95))
    for step in range(rng.integers(1, 4)):
        r, at = rng.uniform(14, 24), x + 34 * step
        draw.ellipse((at - r, floor - 2 * r, at + r, floor), fill=to_bytes(skin))


PROPS = (_draw_books, _draw_plant, _draw_picture, _draw_fruit)
