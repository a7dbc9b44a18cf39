"""Draw dead leaves: opaque shapes of every size on top of one another, with photo statistics.

The sizes follow a power law, which makes the images scale-invariant (Lee, Mumford and Huang, 2001).
Views of one region of such an image are similar.
"""

import numpy as np
from PIL import Image, ImageDraw

from dashboard.engine.build.drawing.camera import (
    SIDE,
    Floats,
    Rng,
    colour,
    photograph,
    smooth_noise,
)

FIELD = 320  # pixels of a whole image


def draw_field(rng: Rng) -> Image.Image:
    """Draw a whole image of fallen leaves; the last one is on top."""
    hue, spread, vivid = rng.random(), rng.uniform(0.04, 0.5), rng.uniform(0.1, 1)
    image = Image.new("RGB", (FIELD, FIELD), _bytes(colour(hue, vivid, rng.uniform(0.2, 1))))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(70, 280)):
        fill = colour(hue + rng.normal(0, spread), vivid * rng.uniform(0.4, 1), rng.uniform(0.1, 1))
        radius = min(8.5 / rng.uniform(0.03, 1) ** 0.9, 95)
        _leaf(draw, rng.uniform(0, FIELD, 2), radius, _bytes(fill), rng)
    grain = 1 + rng.uniform(0, 0.3) * smooth_noise(rng, FIELD // 4, FIELD)
    return Image.fromarray((np.asarray(image) * grain).clip(0, 255).astype(np.uint8))


def _bytes(values: Floats) -> tuple[int, int, int]:
    red, green, blue = (int(255 * value) for value in values)
    return red, green, blue


def _leaf(
    draw: ImageDraw.ImageDraw, at: Floats, radius: float, fill: tuple[int, int, int], rng: Rng
) -> None:
    """Draw one leaf: a disc, a polygon or a twig."""
    kind, turn, squeeze = rng.integers(3), rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1)
    if kind == 2:
        end = at + 3 * radius * np.array([np.cos(turn), np.sin(turn)])
        draw.line([tuple(at), tuple(end)], fill=fill, width=int(1 + radius / 6))
        return
    corners = 24 if kind == 0 else rng.integers(3, 7)
    t = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    x, y = np.cos(t), squeeze * np.sin(t)
    cos, sin = np.cos(turn), np.sin(turn)
    outline = at + radius * np.column_stack([x * cos - y * sin, x * sin + y * cos])
    draw.polygon([tuple(point) for point in outline], fill=fill)


def draw_regions(rng: Rng, count: int) -> Floats:
    """Draw random regions of a field, (count, 3): middle x, middle y and side, in pixels."""
    sides = FIELD * rng.uniform(0.3, 0.6, count)
    middles = rng.uniform(sides / 2, FIELD - sides / 2, (2, count))
    return np.column_stack([*middles, sides])


def view(field: Image.Image, region: Floats, rng: Rng) -> Image.Image:
    """Draw another view of a region: shifted, scaled, turned, sometimes mirrored."""
    x, y, side = region
    side = side * 2 ** rng.normal(0, 0.2)
    turn = rng.normal(0, 0.12)
    middle = np.array([x, y]) + rng.normal(0, 0.08, 2) * side
    corners = side / 2 * np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]])
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    quad = (middle + corners).clip(0, FIELD - 1)
    if rng.random() < 0.3:
        quad = quad[[3, 2, 1, 0]]
    seen = field.transform(
        (SIDE, SIDE), Image.Transform.QUAD, tuple(quad.ravel()), Image.Resampling.BICUBIC
    )
    return photograph(np.asarray(seen, np.float64) / 255, rng)
