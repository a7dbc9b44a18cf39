"""Draw the backdrops of products: rooms, tables, paper and daylight, in random colours."""

import colorsys
import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dashboard.demo.canvas import SIDE
from dashboard.demo.props import Colour, Rng, draw_colour, draw_prop, shaded, to_bytes
from dashboard.demo.shapes import Floats


def draw_backdrop(floor: float, rng: Rng) -> Floats:
    """Draw a backdrop whose floor begins `floor` pixels from the top: (SIDE, SIDE, 3) in 0..1."""
    place = PLACES[rng.integers(len(PLACES))](floor, rng)
    scene = np.asarray(place, np.float32) / 255
    if rng.random() < 0.35:
        scene = scene * _window_light(rng)
    return scene * _falloff(rng)


def _wall(colour: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (SIDE, SIDE), colour)
    return image, ImageDraw.Draw(image)


def _soft(image: Image.Image, radius: float) -> Image.Image:
    """Blur an image; a strong blur is computed on a smaller image, with no visible difference."""
    # A box blur takes the same time at any radius, and at this small one looks the same.
    if radius < 4:
        return image.filter(ImageFilter.BoxBlur(radius))
    small = image.reduce(4).filter(ImageFilter.GaussianBlur(radius / 4))
    return small.resize(image.size, Image.Resampling.BICUBIC)


def _studio(floor: float, rng: Rng) -> Image.Image:
    """Draw paper that curves from wall to floor."""
    colour = draw_colour(rng)
    image, draw = _wall(colour)
    draw.rectangle((0, floor + 10, SIDE, SIDE), fill=shaded(colour, rng.uniform(0.86, 1.12)))
    return _soft(image, 22)


def _paper(floor: float, rng: Rng) -> Image.Image:
    """Draw two or three overlapping sheets of coloured paper."""
    image, draw = _wall(draw_colour(rng))
    for _ in range(rng.integers(1, 3)):
        x, y = rng.uniform(0, SIDE, 2)
        way = rng.uniform(-1, 1)
        edge = [(x - 500, y - 500 * way), (x + 500, y + 500 * way)]
        draw.polygon([*edge, (x + 500, 900), (x - 500, 900)], fill=draw_colour(rng))
    draw.rectangle((0, min(floor + 60, SIDE), SIDE, SIDE), fill=draw_colour(rng, calm=True))
    return _soft(image, 1.5)


def _room(floor: float, rng: Rng) -> Image.Image:
    """Draw a wall with objects out of focus, and a table."""
    image, draw = _wall(draw_colour(rng))
    for _ in range(rng.integers(1, 5)):
        draw_prop(draw, rng.uniform(0, SIDE), floor, rng)
    image = _soft(image, rng.uniform(4, 9))
    _draw_table(image, floor, rng)
    return _soft(image, 1.2)


def _tiles(floor: float, rng: Rng) -> Image.Image:
    """Draw a tiled wall above a table."""
    colour = draw_colour(rng)
    image, draw = _wall(shaded(colour, rng.choice([0.85, 1.15])))
    wide, high = int(rng.integers(34, 70)), int(rng.integers(26, 50))
    for row, y in enumerate(range(-10, SIDE, high)):
        for x in range(-wide + row % 2 * wide // 2, SIDE, wide):
            tile = shaded(colour, rng.uniform(0.95, 1.05))
            draw.rectangle((x, y, x + wide - 4, y + high - 4), fill=tile)
    image = _soft(image, rng.uniform(1, 3))
    _draw_table(image, floor, rng)
    return _soft(image, 0.8)


def _evening(floor: float, rng: Rng) -> Image.Image:
    """Draw a dark room with lights in the distance."""
    image, draw = _wall(shaded(draw_colour(rng), 0.4))
    for _ in range(rng.integers(8, 22)):
        (x, y), r = rng.uniform((0, 0), (SIDE, floor)), rng.uniform(6, 20)
        lamp = to_bytes(colorsys.hsv_to_rgb(rng.uniform(0, 0.17), rng.uniform(0.2, 0.7), 0.9))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=lamp)
    image = _soft(image, 4)
    _draw_table(image, floor, rng, dim=0.6)
    return _soft(image, 2)


def _garden(floor: float, rng: Rng) -> Image.Image:
    """Draw lights out of focus above wooden boards."""
    image, draw = _wall(to_bytes(colorsys.hsv_to_rgb(rng.uniform(0.2, 0.42), 0.4, 0.55)))
    for _ in range(50):
        (x, y), r = rng.uniform(0, SIDE, 2), rng.uniform(8, 34)
        leaf = colorsys.hsv_to_rgb(rng.uniform(0.17, 0.45), 0.45, rng.uniform(0.35, 0.95))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=to_bytes(leaf))
    image = _soft(image, 9)
    _draw_boards(image, floor, rng)
    return _soft(image, 0.8)


def _cloth(_: float, rng: Rng) -> Image.Image:
    """Draw flat cloth: striped, checked or plain."""
    colour = draw_colour(rng)
    image, draw = _wall(colour)
    other, step = draw_colour(rng, calm=True), int(rng.integers(16, 60))
    ways = rng.integers(0, 4)
    for place in range(0, SIDE, step):
        if ways & 1:
            draw.rectangle((place, 0, place + step // 3, SIDE), fill=other)
        if ways & 2:
            draw.rectangle((0, place, SIDE, place + step // 3), fill=shaded(other, 0.93))
    return _soft(image, 1.5)


def _draw_table(image: Image.Image, floor: float, rng: Rng, dim: float = 1.0) -> None:
    if rng.random() < 0.45:
        _draw_boards(image, floor, rng, dim)
        return
    colour = shaded(draw_colour(rng), dim)
    ImageDraw.Draw(image).rectangle((0, floor, SIDE, SIDE), fill=colour)


def _draw_boards(image: Image.Image, floor: float, rng: Rng, dim: float = 1.0) -> None:
    """Draw boards that run towards the viewer."""
    draw = ImageDraw.Draw(image)
    wood = to_bytes(colorsys.hsv_to_rgb(*rng.uniform((0.05, 0.2, 0.35), (0.11, 0.55, 0.9))))
    eye = rng.uniform(0.2, 0.8) * SIDE
    edges = np.arange(-3, 14) * rng.uniform(36, 64) - 60 - eye
    draw.rectangle((0, floor, SIDE, SIDE), fill=shaded(wood, 0.7 * dim))  # the gaps
    for left, right in pairwise(edges):
        far = [(eye + 0.55 * x, floor) for x in (left, right)]
        near = [(eye + 1.6 * x, SIDE) for x in (right - 1, left)]
        draw.polygon([*far, *near], fill=shaded(wood, dim * rng.uniform(0.88, 1.08)))


def _window_light(rng: Rng) -> Floats:
    """Return sunlight through a window: brighter, slanted panes."""
    image = Image.new("L", (SIDE, SIDE), 150)
    draw = ImageDraw.Draw(image)
    x, y = rng.uniform(-40, 160, 2)
    lean, wide, high = rng.uniform(-0.6, 0.6), rng.uniform(50, 90), rng.uniform(60, 100)
    for column in range(2):
        for row in range(2):
            a, b = x + column * (wide + 10), y + row * (high + 10)
            corners = [(a, b), (a + wide, b), (a + wide, b + high), (a, b + high)]
            draw.polygon([(p + lean * q, q) for p, q in corners], fill=230)
    return np.asarray(_soft(image, 5), np.float32)[..., None] / 185


def _falloff(rng: Rng) -> Floats:
    """Return light that fades from one side and towards the corners."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE - 0.5
    way, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.35)
    slope = math.cos(way) * x + math.sin(way) * y
    fade: Floats = 1 + strength * slope - rng.uniform(0.1, 0.5) * (x**2 + y**2)
    return fade[..., None]


# A backdrop that is named twice is drawn twice as often.
PLACES: tuple[Callable[[float, Rng], Image.Image], ...] = (
    _studio,
    _studio,
    _paper,
    _room,
    _room,
    _tiles,
    _evening,
    _garden,
    _cloth,
)
