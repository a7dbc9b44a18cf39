"""Photograph a product: its position, its light, and the effects of the camera."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageFilter

from dashboard.demo.backdrops import draw_backdrop
from dashboard.demo.canvas import SIDE, Canvas, Pose
from dashboard.demo.design import Design
from dashboard.demo.pottery import (
    draw_bottle,
    draw_lamp,
    draw_mug,
    draw_plate,
    draw_teapot,
    draw_vase,
)
from dashboard.demo.shapes import Floats
from dashboard.demo.textiles import (
    draw_armchair,
    draw_bag,
    draw_beanie,
    draw_cushion,
    draw_sneaker,
    draw_umbrella,
)

Rng = np.random.Generator
Draw: TypeAlias = Callable[[Canvas, Design, Rng], None]

QUALITY = 88
_COARSE = 4  # shadows are soft, so they are drawn smaller by this factor


@dataclass(frozen=True)
class ObjectKind:
    """A kind of product: how to draw it, its size around its middle, how far it may lean.

    A `pieced` one has parts in its other colours, so that the main one may be plain.
    """

    name: str
    draw: Draw
    head: float
    foot: float
    wide: float
    lean: float = 0.035
    pieced: bool = False

    @property
    def length(self) -> float:
        """Return the longer of its width and its height."""
        return max(self.head + self.foot, 2 * self.wide)


KINDS = (
    ObjectKind("Mug", draw_mug, 0.72, 0.62, 0.85),
    ObjectKind("Vase", draw_vase, 1.2, 0.85, 0.6),
    ObjectKind("Teapot", draw_teapot, 0.85, 0.66, 1.05, pieced=True),
    ObjectKind("Bottle", draw_bottle, 1.15, 0.97, 0.45, lean=0.12, pieced=True),
    ObjectKind("Lamp", draw_lamp, 1.05, 0.95, 0.7, pieced=True),
    ObjectKind("Plate", draw_plate, 0.7, 0.62, 1.0, lean=0.1),
    ObjectKind("Sneaker", draw_sneaker, 0.6, 0.55, 1.05, lean=0.2, pieced=True),
    ObjectKind("Bag", draw_bag, 0.8, 0.85, 0.85, lean=0.08, pieced=True),
    ObjectKind("Cushion", draw_cushion, 0.85, 0.8, 0.9, lean=0.4),
    ObjectKind("Beanie", draw_beanie, 1.0, 0.62, 0.77, lean=0.15, pieced=True),
    ObjectKind("Umbrella", draw_umbrella, 0.85, 0.9, 1.0, lean=0.35),
    ObjectKind("Armchair", draw_armchair, 0.95, 0.97, 0.86, pieced=True),
)


def photograph(kind: ObjectKind, design: Design, rng: Rng) -> bytes:
    """Return an image of a product: JPEG."""
    # The order of the draws is part of the image: another order gives other bytes for a seed.
    light = _draw_light(rng)
    pose = _draw_pose(kind, rng)
    canvas = Canvas(pose, light)
    kind.draw(canvas, design, rng)
    colours, cover = canvas.layer()
    base = pose.middle[1] + kind.foot * pose.scale
    backdrop = draw_backdrop(base - SIDE * rng.uniform(0.06, 0.28), rng)
    scene = backdrop * _shadows(cover, base, light, rng)
    return _develop(scene * (1 - cover) + colours, rng)


def _draw_pose(kind: ObjectKind, rng: Rng) -> Pose:
    scale = SIDE * rng.uniform(0.6, 0.84) / kind.length
    highest = max(0.62 * SIDE, (kind.head + kind.foot) * scale + 6)
    base = rng.uniform(highest, 0.95 * SIDE)
    return Pose(
        middle=(SIDE * (0.5 + rng.normal(0, 0.045)), base - kind.foot * scale),
        scale=scale,
        angle=rng.normal(0, kind.lean),
        squeeze=float(rng.choice([-1, 1]) * rng.uniform(0.9, 1.04)),
        above=rng.uniform(0.1, 0.36),
        turn=rng.uniform(-2.2, 2.2),
    )


def _draw_light(rng: Rng) -> Floats:
    """Return the direction of the light: from one side, from above, from in front."""
    way = np.array([rng.choice([-1, 1]) * rng.uniform(0.2, 0.8), -rng.uniform(0.2, 0.6), 0.75])
    light: Floats = way / np.linalg.norm(way)
    return light


def _shadows(cover: Floats, base: float, light: Floats, rng: Rng) -> Floats:
    """Darken the floor from `base` on and, softly, the space behind: (SIDE, SIDE, 1)."""
    shape = Image.fromarray((cover[..., 0] * 255).astype(np.uint8)).reduce(_COARSE)
    flatten = rng.uniform(3, 5)  # the product's height divided by the length of its shadow
    slant = flatten * light[0] * 1.5
    base /= _COARSE
    lying = (1, slant, -slant * base, 0, flatten, base * (1 - flatten))
    aside = (1, 0, 26 * light[0] / _COARSE, 0, 1, -8 / _COARSE)
    dark: Floats = np.ones((SIDE, SIDE, 1), np.float32)
    for place, blur, most in ((lying, 5, 0.6), (aside, 14, 0.24)):
        cast = shape.transform(shape.size, Image.Transform.AFFINE, place, Image.Resampling.BILINEAR)
        soft = cast.filter(ImageFilter.GaussianBlur(blur / _COARSE)).resize((SIDE, SIDE))
        share = np.float32(most * rng.uniform(0.4, 1) / 255)
        dark = dark * (1 - share * np.asarray(soft, np.float32)[..., None])
    return dark


def _develop(scene: Floats, rng: Rng) -> bytes:
    """Expose, tint and encode the image as JPEG."""
    warmth, green = rng.normal(0, 0.05), rng.normal(0, 0.015)
    tint = np.exp([warmth, green, -warmth]) * 2 ** rng.normal(0.02, 0.18)
    curve = np.float32(np.exp(rng.normal(0, 0.08)))
    bright = (scene * tint.astype(np.float32)).clip(0, 1) ** curve
    image = Image.fromarray((bright * 255 + 0.5).astype(np.uint8))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
