"""A canvas on which a product is put together, part over part, as one light and camera see it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .inks import Ink
from .shapes import Floats, Points, curve

SIDE = 320  # pixels of a picture
OVER = 2  # drawn twice as large and made smaller in the end, so that edges are soft
_MARGIN = 8


@dataclass(frozen=True)
class Pose:
    """How a product stands before the camera.

    `middle` in pixels of the picture, `scale` in pixels a unit. `squeeze` narrows the product, a
    negative one shows its other side. `above` is the sine of the angle from which it is looked
    down on, `turn` the angle in radians by which it is turned about its axis.
    """

    middle: tuple[float, float]
    scale: float
    angle: float
    squeeze: float
    above: float
    turn: float


@dataclass(frozen=True)
class Patch:
    """A rectangle of the canvas: its places in the product's units (h, w), mask and light (3,)."""

    x: Floats
    y: Floats
    mask: Image.Image
    light: Floats


Finish: TypeAlias = Callable[[Patch], Floats]  # the lit colours of a patch


class Canvas:
    """Colours and cover of what was drawn so far, seen in `pose`; `light` points to the light."""

    def __init__(self, pose: Pose, light: Floats) -> None:
        self.pose = pose
        size = (SIDE * OVER, SIDE * OVER)
        self._colours, self._cover = Image.new("RGB", size), Image.new("L", size)
        cos, sin = np.cos(pose.angle), np.sin(pose.angle)
        axes = np.array([[cos, -sin], [sin, cos]]) * (pose.squeeze, 1)
        self._axes, self._middle = axes * pose.scale * OVER, np.array(pose.middle) * OVER
        self._back = np.linalg.inv(self._axes)
        self._light = (light * (np.sign(pose.squeeze), 1, 1)).astype(np.float32)

    def area(self, outline: Points, finish: Finish) -> None:
        """Cover what the outline encloses."""
        places = self._pixels(outline)
        self._put(places, 0, finish, lambda draw, row: draw.polygon(row, fill=255))

    def line(self, points: Points, width: float, finish: Finish) -> None:
        """Cover a smooth line of a width, with round ends."""
        places = self._pixels(curve(points) if len(points) > 2 else points)
        thick = max(2, round(width * self.pose.scale * OVER))
        self._put(places, thick / 2, finish, lambda draw, row: _draw_line(draw, row, thick))

    def layer(self) -> tuple[Floats, Floats]:
        """Give the picture: colours times cover (SIDE, SIDE, 3), and cover (SIDE, SIDE, 1)."""
        colours, cover = (
            np.asarray(image.reduce(OVER), np.float32) / 255
            for image in (self._colours, self._cover)
        )
        return colours, cover[..., None]

    def _pixels(self, points: Points) -> Floats:
        return np.asarray(points, np.float64) @ self._axes.T + self._middle

    def _put(
        self,
        places: Floats,
        reach: float,
        finish: Finish,
        draw: Callable[[ImageDraw.ImageDraw, list[tuple[float, float]]], None],
    ) -> None:
        low = np.floor(places.min(axis=0) - reach - _MARGIN).clip(0, SIDE * OVER).astype(int)
        high = np.ceil(places.max(axis=0) + reach + _MARGIN).clip(0, SIDE * OVER).astype(int)
        width, height = (int(n) for n in high - low)
        if min(width, height) < 1:
            return
        mask = Image.new("L", (width, height))
        draw(ImageDraw.Draw(mask), [tuple(place) for place in (places - low).tolist()])
        x = np.arange(low[0], high[0]) + 0.5 - self._middle[0]
        y = np.arange(low[1], high[1]) + 0.5 - self._middle[1]
        across, down = np.outer(self._back[:, 0], x), np.outer(self._back[:, 1], y)
        u, v = across.astype(np.float32)[:, None, :] + down.astype(np.float32)[:, :, None]
        lit = np.broadcast_to(finish(Patch(u, v, mask, self._light)), (height, width, 3))
        part = Image.fromarray((lit * 255).clip(0, 255).astype(np.uint8))
        corner = (int(low[0]), int(low[1]))
        self._colours.paste(part, corner, mask)
        self._cover.paste(255, (*corner, corner[0] + width, corner[1] + height), mask)


def _draw_line(
    draw: ImageDraw.ImageDraw, row: list[tuple[float, float]], thick: int
) -> None:
    draw.line(row, fill=255, width=thick, joint="curve")
    for x, y in (row[0], row[-1]):
        draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=255)


def flat(ink: Ink) -> Finish:
    """Colour a surface that faces the camera."""
    return lambda patch: ink(patch.x, patch.y) * np.float32(0.75 + 0.25 * patch.light[2])


def padded(ink: Ink, depth: float = 1.0, blur: int = 10) -> Finish:
    """Colour something soft or round: it falls off over `blur` pixels to its outline."""

    def finish(patch: Patch) -> Floats:
        small = patch.mask.reduce(4).filter(ImageFilter.GaussianBlur(blur / 4))
        bulge = np.asarray(small, np.float32) / 255
        if min(bulge.shape) < 2:
            return flat(ink)(patch)
        down, across = np.gradient(bulge)
        slope = -(across * patch.light[0] + down * patch.light[1]) * blur / 4
        bright = 0.72 + 0.3 * bulge + depth * slope
        wide = Image.fromarray(bright).resize(patch.mask.size, Image.Resampling.BILINEAR)
        return ink(patch.x, patch.y) * np.asarray(wide)[..., None]

    return finish
