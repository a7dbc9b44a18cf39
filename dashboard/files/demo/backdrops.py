"""What stands behind a product: rooms, tables, paper and daylight, in colours of their own."""

import colorsys
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .canvas import SIDE
from .shapes import Floats, ribbon

Rng = np.random.Generator
Colour = tuple[int, int, int]


def draw_backdrop(floor: float, rng: Rng) -> Floats:
    """Draw a place whose floor begins at `floor` pixels from the top: (SIDE, SIDE, 3) in 0..1."""
    place = PLACES[rng.integers(len(PLACES))](floor, rng)
    scene = np.asarray(place, np.float32) / 255
    if rng.random() < 0.35:
        scene = scene * _window_light(rng)
    return scene * _falloff(rng)


def _colour(rng: Rng, *, calm: bool = False) -> Colour:
    """Choose a colour: often a quiet one, at times a strong one."""
    vivid = 0.22 if calm or rng.random() < 0.4 else 0.55
    value = 1 - 0.6 * rng.random() ** 1.6
    return _bytes(colorsys.hsv_to_rgb(rng.random(), vivid * rng.random(), value))


def _bytes(colour: tuple[float, float, float] | Floats) -> Colour:
    red, green, blue = (int(255 * min(max(float(part), 0), 1)) for part in colour)
    return red, green, blue


def _shade(colour: Colour, by: float) -> Colour:
    return _bytes(np.array(colour) / 255 * by)


def _wall(colour: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (SIDE, SIDE), colour)
    return image, ImageDraw.Draw(image)


def _soft(image: Image.Image, radius: float) -> Image.Image:
    """Blur; a strong blur is made on a smaller picture, which nobody can tell."""
    if radius < 4:
        return image.filter(ImageFilter.GaussianBlur(radius))
    small = image.reduce(4).filter(ImageFilter.GaussianBlur(radius / 4))
    return small.resize(image.size, Image.Resampling.BICUBIC)


def _studio(floor: float, rng: Rng) -> Image.Image:
    """Paper that bends from wall to floor."""
    colour = _colour(rng)
    image, draw = _wall(colour)
    draw.rectangle((0, floor + 10, SIDE, SIDE), fill=_shade(colour, rng.uniform(0.86, 1.12)))
    return _soft(image, 22)


def _paper(floor: float, rng: Rng) -> Image.Image:
    """Two or three sheets of coloured paper that overlap."""
    image, draw = _wall(_colour(rng))
    for _ in range(rng.integers(1, 3)):
        x, y = rng.uniform(0, SIDE, 2)
        way = rng.uniform(-1, 1)
        edge = [(x - 500, y - 500 * way), (x + 500, y + 500 * way)]
        draw.polygon([*edge, (x + 500, 900), (x - 500, 900)], fill=_colour(rng))
    draw.rectangle((0, min(floor + 60, SIDE), SIDE, SIDE), fill=_colour(rng, calm=True))
    return _soft(image, 1.5)


def _room(floor: float, rng: Rng) -> Image.Image:
    """A wall with things out of focus, and a table."""
    image, draw = _wall(_colour(rng))
    for _ in range(rng.integers(1, 5)):
        PROPS[rng.integers(len(PROPS))](draw, rng.uniform(0, SIDE), floor, rng)
    image = _soft(image, rng.uniform(4, 9))
    _draw_table(image, floor, rng)
    return _soft(image, 1.2)


def _tiles(floor: float, rng: Rng) -> Image.Image:
    """A tiled wall above a table."""
    colour = _colour(rng)
    image, draw = _wall(_shade(colour, rng.choice([0.85, 1.15])))
    wide, high = rng.integers(34, 70), rng.integers(26, 50)
    for row, y in enumerate(range(-10, SIDE, high)):
        for x in range(-wide + row % 2 * wide // 2, SIDE, wide):
            tile = _shade(colour, rng.uniform(0.95, 1.05))
            draw.rectangle((x, y, x + wide - 4, y + high - 4), fill=tile)
    image = _soft(image, rng.uniform(1, 3))
    _draw_table(image, floor, rng)
    return _soft(image, 0.8)


def _evening(floor: float, rng: Rng) -> Image.Image:
    """A dark room with lights far behind."""
    image, draw = _wall(_shade(_colour(rng), 0.4))
    for _ in range(rng.integers(8, 22)):
        (x, y), r = rng.uniform((0, 0), (SIDE, floor)), rng.uniform(6, 20)
        lamp = _bytes(colorsys.hsv_to_rgb(rng.uniform(0, 0.17), rng.uniform(0.2, 0.7), 0.9))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=lamp)
    image = _soft(image, 4)
    _draw_table(image, floor, rng, dim=0.6)
    return _soft(image, 2)


def _garden(floor: float, rng: Rng) -> Image.Image:
    """Leaves out of focus above a wooden board."""
    image, draw = _wall(_bytes(colorsys.hsv_to_rgb(rng.uniform(0.2, 0.42), 0.4, 0.55)))
    for _ in range(50):
        (x, y), r = rng.uniform(0, SIDE, 2), rng.uniform(8, 34)
        leaf = colorsys.hsv_to_rgb(rng.uniform(0.17, 0.45), 0.45, rng.uniform(0.35, 0.95))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=_bytes(leaf))
    image = _soft(image, 9)
    _draw_boards(image, floor, rng)
    return _soft(image, 0.8)


def _cloth(_: float, rng: Rng) -> Image.Image:
    """Cloth laid flat, striped, checked or plain."""
    colour = _colour(rng)
    image, draw = _wall(colour)
    other, step = _colour(rng, calm=True), int(rng.integers(16, 60))
    ways = rng.integers(0, 4)
    for place in range(0, SIDE, step):
        if ways & 1:
            draw.rectangle((place, 0, place + step // 3, SIDE), fill=other)
        if ways & 2:
            draw.rectangle((0, place, SIDE, place + step // 3), fill=_shade(other, 0.93))
    return _soft(image, 1.5)


def _draw_table(image: Image.Image, floor: float, rng: Rng, dim: float = 1.0) -> None:
    if rng.random() < 0.45:
        _draw_boards(image, floor, rng, dim)
        return
    colour = _shade(_colour(rng), dim)
    ImageDraw.Draw(image).rectangle((0, floor, SIDE, SIDE), fill=colour)


def _draw_boards(image: Image.Image, floor: float, rng: Rng, dim: float = 1.0) -> None:
    """Draw boards that run towards the eye."""
    draw = ImageDraw.Draw(image)
    wood = colorsys.hsv_to_rgb(rng.uniform(0.05, 0.11), rng.uniform(0.2, 0.55), rng.uniform(0.35, 0.9))
    eye = rng.uniform(0.2, 0.8) * SIDE
    edges = np.arange(-3, 14) * rng.uniform(36, 64) - 60
    for left, right in zip(edges, edges[1:], strict=False):
        far = [(eye + (x - eye) * 0.55, floor) for x in (left, right)]
        board = _shade(_bytes(wood), dim * rng.uniform(0.88, 1.08))
        draw.polygon([*far, (right * 1.6 - eye * 0.6 - 1.5, SIDE), (left * 1.6 - eye * 0.6, SIDE)], fill=board)


def _draw_books(draw: ImageDraw.ImageDraw, x: float, floor: float, rng: Rng) -> None:
    for _ in range(rng.integers(2, 6)):
        wide, high = rng.uniform(10, 24), rng.uniform(60, 120)
        draw.rectangle((x, floor - high, x + wide, floor), fill=_colour(rng))
        x += wide


def _draw_plant(draw: ImageDraw.ImageDraw, x: float, floor: float, rng: Rng) -> None:
    green = _bytes(colorsys.hsv_to_rgb(rng.uniform(0.22, 0.42), 0.45, rng.uniform(0.3, 0.7)))
    for _ in range(9):
        tip = (x + rng.normal(0, 55), floor - rng.uniform(80, 190))
        bend = ((x + tip[0]) / 2 + rng.normal(0, 8), (floor - 40 + tip[1]) / 2)
        leaf = ribbon([(x, floor - 40), bend, tip], (3, 16, 2))
        draw.polygon([(a, b) for a, b in leaf.tolist()], fill=_shade(green, rng.uniform(0.8, 1.2)))
    draw.rectangle((x - 22, floor - 52, x + 22, floor), fill=_colour(rng, calm=True))


def _draw_picture(draw: ImageDraw.ImageDraw, x: float, floor: float, rng: Rng) -> None:
    wide, high, y = *rng.uniform(60, 130, 2), floor - rng.uniform(150, 230)
    draw.rectangle((x, y, x + wide, y + high), fill=_colour(rng, calm=True))
    draw.rectangle((x + 9, y + 9, x + wide - 9, y + high - 9), fill=_colour(rng))


def _draw_fruit(draw: ImageDraw.ImageDraw, x: float, floor: float, rng: Rng) -> None:
    skin = colorsys.hsv_to_rgb(rng.uniform(0, 0.25), rng.uniform(0.5, 0.8), rng.uniform(0.6, 0.95))
    for step in range(rng.integers(1, 4)):
        r, at = rng.uniform(14, 24), x + 34 * step
        draw.ellipse((at - r, floor - 2 * r, at + r, floor), fill=_bytes(skin))


def _window_light(rng: Rng) -> Floats:
    """Let the sun through a window: brighter panes, aslant."""
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
    """Let the light fade from one side and towards the corners."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE - 0.5
    way, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.35)
    slope = np.float32(np.cos(way)) * x + np.float32(np.sin(way)) * y
    fade: Floats = 1 + np.float32(strength) * slope - np.float32(rng.uniform(0.1, 0.5)) * (x**2 + y**2)
    return fade[..., None]


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
PROPS = (_draw_books, _draw_plant, _draw_picture, _draw_fruit)
