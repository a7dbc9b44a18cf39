"""Compose a product on a canvas, part by part, with one light and one camera."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dashboard.demo.inks import Ink
from dashboard.demo.shapes import Floats, Points, curve

SIDE = 320  # pixels of an image
OVER = 2  # drawn at twice the size and reduced at the end, for soft edges
_MARGIN = 8  # pixels around a part, for its blur

Corner: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Pose:
    """The position of a product relative to the camera.

    `middle` is in pixels of the image, `scale` in pixels per unit. `squeeze` narrows the product; a
    negative one shows its other side. `above` is the sine of the angle of view from above, `turn`
    the product's rotation about its axis in radians.
    """

    middle: tuple[float, float]
    scale: float
    angle: float
    squeeze: float
    above: float
    turn: float


@dataclass(frozen=True, eq=False)
class Patch:
    """A rectangle of the canvas: coordinates in the product's units (h, w), mask and light (3,)."""

    x: Floats
    y: Floats
    mask: Image.Image
    light: Floats


Finish: TypeAlias = Callable[[Patch], Floats]  # the lit colours of a patch


class Canvas:
    """The colours and cover drawn so far, seen in `pose`; `light` points to the light."""

    def __init__(self, pose: Pose, light: Floats) -> None:
        self.pose = pose
        size = (SIDE * OVER, SIDE * OVER)
        self._colours, self._cover = Image.new("RGB", size), Image.new("L", size)
        cos, sin = np.cos(pose.angle), np.sin(pose.angle)
        axes = np.array([[cos, -sin], [sin, cos]]) * (pose.squeeze, 1)
        self._axes, self._middle = axes * pose.scale * OVER, np.array(pose.middle) * OVER
        self._back = np.linalg.inv(self._axes).astype(np.float32)
        # In the product's own coordinates: a mirrored product must be lit from the same side.
        self._light = (light * (np.sign(pose.squeeze), 1, 1)).astype(np.float32)

    def area(self, outline: Points, finish: Finish) -> None:
        """Fill an outline."""
        places = self._pixels(outline)
        corner, mask = _cut_out(places, 0)
        ImageDraw.Draw(mask).polygon(_row(places - corner), fill=255)
        self._cover_part(corner, mask, finish)

    def line(self, points: Points, width: float, finish: Finish) -> None:
        """Draw a smooth line of a width, with round ends."""
        places = self._pixels(curve(points) if len(points) > 2 else points)
        thick = max(2, round(width * self.pose.scale * OVER))
        corner, mask = _cut_out(places, thick / 2)
        row, draw = _row(places - corner), ImageDraw.Draw(mask)
        draw.line(row, fill=255, width=thick, joint="curve")
        for end in (row[0], row[-1]):
            draw.circle(end, thick / 2, fill=255)
        self._cover_part(corner, mask, finish)

    def layer(self) -> tuple[Floats, Floats]:
        """Return the image: colours times cover (SIDE, SIDE, 3), and cover (SIDE, SIDE, 1)."""
        colours, cover = (
            np.asarray(image.reduce(OVER), np.float32) / 255
            for image in (self._colours, self._cover)
        )
        return colours, cover[..., None]

    def _pixels(self, points: Points) -> Floats:
        places: Floats = np.asarray(points, np.float64) @ self._axes.T + self._middle
        return places

    def _cover_part(self, corner: Corner, mask: Image.Image, finish: Finish) -> None:
        x, y = (
            (start + 0.5 + np.arange(length) - middle).astype(np.float32)
            for start, length, middle in zip(corner, mask.size, self._middle, strict=True)
        )
        (a, b), (c, d) = self._back
        patch = Patch(a * x + b * y[:, None], c * x + d * y[:, None], mask, self._light)
        lit = np.broadcast_to(finish(patch), (*patch.x.shape, 3))
        part = Image.fromarray((lit * 255).clip(0, 255).astype(np.uint8))
        self._colours.paste(part, corner, mask)
        self._cover.paste(Image.new("L", mask.size, 255), corner, mask)


def _cut_out(places: Floats, reach: float) -> tuple[Corner, Image.Image]:
    """Return the part of the canvas around points: its corner, and an empty mask of its size."""
    side = SIDE * OVER
    low = np.floor(places.min(axis=0) - reach - _MARGIN).clip(0, side - _MARGIN)
    high = np.ceil(places.max(axis=0) + reach + _MARGIN).clip(low + _MARGIN, side)
    width, height = (high - low).astype(int).tolist()
    left, top = low.astype(int).tolist()
    return (left, top), Image.new("L", (width, height))


def _row(places: Floats) -> list[tuple[float, float]]:
    return [(x, y) for x, y in places.tolist()]


def flat(ink: Ink) -> Finish:
    """Return the finish of a surface that faces the camera."""
    return lambda patch: ink(patch.x, patch.y) * np.float32(0.75 + 0.25 * patch.light[2])


def padded(ink: Ink, depth: float = 1.0, blur: int = 10) -> Finish:
    """Return the finish of a soft or round surface, darker over `blur` pixels to its outline."""

    def finish(patch: Patch) -> Floats:
        small = patch.mask.reduce(4).filter(ImageFilter.GaussianBlur(blur / 4))
        bulge = np.asarray(small, np.float32) / 255
        down, across = np.gradient(bulge)
        slope = -(across * patch.light[0] + down * patch.light[1]) * blur / 4
        bright = 0.72 + 0.3 * bulge + depth * slope
        wide = Image.fromarray(bright).resize(patch.mask.size, Image.Resampling.BILINEAR)
        lit: Floats = ink(patch.x, patch.y) * np.asarray(wide)[..., None]
        return lit

    return finish
