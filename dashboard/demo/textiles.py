"""Draw sewn, knitted or upholstered products: sneakers, bags, cushions, hats, and more."""

from itertools import pairwise

import numpy as np

from dashboard.demo.canvas import Canvas, flat, padded
from dashboard.demo.design import Design
from dashboard.demo.inks import BRASS, CREAM, DARK, WHITE, WOOD, patterned, plain
from dashboard.demo.shapes import curve, ellipse, ribbon, rounded
from dashboard.demo.turned import Turned, draw_turned

Rng = np.random.Generator


def draw_sneaker(canvas: Canvas, design: Design, _: Rng) -> None:
    """Draw a sneaker from its side."""
    high = design.between(0, -0.62, -0.36)
    upper = [(-0.95, 0.3), (-0.98, 0.0), (-0.9, high), (-0.42, high + 0.02), (-0.1, -0.18)]
    upper += [(0.35, -0.02), (0.8, 0.06), (1.0, 0.3)]
    tongue = [(-0.46, high + 0.1), (-0.3, high - 0.14), (-0.16, high - 0.08), (-0.02, -0.1)]
    canvas.area(curve(tongue, closed=True), padded(design.plain(2), 0.6, 8))
    outline = np.concatenate([curve(upper), [(1.0, 0.36), (-0.95, 0.36)]])
    canvas.area(outline, padded(design.printed(), 0.8, 22))
    heel = [(-0.98, 0.34), (-0.97, 0.0), (-0.92, high + 0.1), (-0.76, high + 0.12), (-0.66, 0.34)]
    canvas.area(heel, padded(design.plain(1), 0.6, 10))
    toe = curve([(0.52, 0.34), (0.56, 0.12), (0.82, 0.1), (0.99, 0.34)])
    canvas.area(toe, padded(design.plain(design.one_of(1, 3)), 0.7, 12))
    _draw_badge(canvas, design)
    _draw_laces(canvas, high)
    sole = curve([(-1.02, 0.3), (-0.3, 0.33), (0.4, 0.31), (1.0, 0.28), (1.08, 0.36), (1.0, 0.52)])
    thick = design.between(2, 0.5, 0.58)
    canvas.area([*sole, (0.4, thick), (-0.5, thick), (-1.0, 0.54)], padded(plain(WHITE), 0.5, 8))
    canvas.line([(-1.0, 0.47), (0, 0.48), (1.02, 0.44)], 0.035, flat(design.plain(1)))


def _draw_badge(canvas: Canvas, design: Design) -> None:
    ink = padded(design.plain(2), 0.3, 4)
    if design.one_of(3, 2):
        canvas.area(ribbon([(-0.6, 0.2), (-0.2, 0.16), (0.2, -0.06)], (0.02, 0.17, 0.03)), ink)
        return
    for place in (-0.5, -0.32, -0.14):
        canvas.line([(place, 0.28), (place + 0.14, -0.1)], 0.08, ink)


def _draw_laces(canvas: Canvas, high: float) -> None:
    for step in range(4):
        x, y = -0.36 + 0.17 * step, high + 0.1 + (0.02 - high - 0.14) * step / 3
        lace = [(x - 0.06, y + 0.12), (x + 0.06, y + 0.02), (x + 0.15, y - 0.03)]
        canvas.line(lace, 0.045, padded(plain(CREAM), 0.3, 4))


def draw_bag(canvas: Canvas, design: Design, _: Rng) -> None:
    """Draw a handbag, with a flap or an open top."""
    top, low = design.between(0, 0.56, 0.78), design.between(1, 0.7, 0.9)
    edge = design.between(2, -0.3, -0.1)
    handle = [(-0.4, edge + 0.1), (-0.34, edge - 0.6), (0.34, edge - 0.6), (0.4, edge + 0.1)]
    far = [(x * 0.9, y - 0.07) for x, y in handle]
    canvas.line(far, 0.08, padded(plain(design.colours[1] * 0.7)))
    mouth = [(-top, edge), (0, edge + 0.02), (top, edge)]
    body = [(low, 0.7), (low - 0.1, 0.84), (0, 0.87), (0.1 - low, 0.84), (-low, 0.7)]
    canvas.area(curve([*mouth, *body], closed=True), padded(design.printed(), 0.8, 26))
    if design.one_of(3, 2):
        flap = [
            *((x * 1.02, y - 0.03) for x, y in mouth),
            (0.6 * top, 0.3),
            (0, 0.4),
            (-0.6 * top, 0.3),
        ]
        canvas.area(curve(flap, closed=True), padded(design.plain(1), 0.8, 14))
        canvas.area(rounded(-0.08, 0.28, 0.08, 0.44, 0.04), padded(plain(BRASS), 0.6, 6))
    else:
        pocket = rounded(-0.4 * low, 0.25, 0.4 * low, 0.68, 0.06)
        canvas.area(pocket, padded(design.plain(2), 0.6, 8))
    canvas.line(handle, 0.085, padded(design.plain(1), 0.6, 6))


def draw_cushion(canvas: Canvas, design: Design, _: Rng) -> None:
    """Draw a cushion with piping, and tassels or a button."""
    w, h = 0.86, design.between(0, 0.6, 0.86)
    dent = design.between(1, 0.86, 0.94)
    quarters = [(-w, -h), (0, -h * dent), (w, -h), (w * dent, 0)]
    rim = curve([*quarters, *((-x, -y) for x, y in quarters)], closed=True)
    if design.one_of(2, 2):
        for x, y in ((-w, -h), (w, -h), (w, h), (-w, h)):
            canvas.line([(x, y), (x * 1.16, y * 1.16)], 0.13, padded(design.plain(2), 0.5, 6))
    canvas.area(rim * 1.03, padded(design.plain(1), 0.6, 8))
    canvas.area(rim, padded(design.printed(), 1.3, 44))
    if design.one_of(3, 2):
        canvas.area(ellipse((0, 0), (0.08, 0.08)), padded(design.plain(1), 0.9, 8))


def draw_beanie(canvas: Canvas, design: Design, _: Rng) -> None:
    """Draw a knitted hat, with a bobble or without."""
    tall = design.between(0, -0.78, -0.55)
    if design.one_of(1, 3):
        _draw_bobble(canvas, design, tall - 0.12)
    body = Turned.through((0.06, tall), (0.42, tall + 0.16), (0.68, -0.05), (0.72, 0.4))
    draw_turned(canvas, body, design.wrapped(0.7))
    deep = design.between(2, 0.2, 0.34)
    brim = Turned.through((0.73, 0.55 - deep), (0.77, 0.58), (0.73, 0.64))
    colour = design.colours[1]
    draw_turned(canvas, brim, lambda x, _: colour * (0.88 + 0.12 * np.sin(44 * x))[..., None])


def _draw_bobble(canvas: Canvas, design: Design, high: float) -> None:
    canvas.area(ellipse((0, high), (0.2, 0.19)), padded(design.plain(2), 0.8, 16))
    for turn in np.linspace(0, 2 * np.pi, 22, endpoint=False):
        way = np.array([np.cos(turn), np.sin(turn)])
        thread = np.outer((0.1, 0.23), way) + np.array([0, high])
        bright = design.colours[2] * (0.9 + 0.12 * np.sin(5 * turn))
        canvas.line(thread, 0.035, flat(plain(bright)))


def draw_umbrella(canvas: Canvas, design: Design, _: Rng) -> None:
    """Draw an open umbrella."""
    tall, wide = design.between(0, -0.7, -0.5), design.between(1, 0.9, 1.02)
    hook = [(0, -0.2), (0, 0.78), (0.04, 0.93), (0.16, 0.93), (0.2, 0.8)]
    canvas.line(hook[:2], 0.045, padded(plain(DARK * 1.6), 0.4, 4))
    canvas.line(hook[1:], 0.09, padded(plain(WOOD), 0.6, 6))
    canvas.line([(0, tall - 0.14), (0, tall)], 0.04, flat(plain(DARK)))
    arch = np.linspace(0.03, 1, 12)
    dome = Turned.through(*[(wide * s, -0.02 + (tall + 0.02) * np.sqrt(1 - s**2)) for s in arch])
    ink = design.wrapped(wide)
    if design.one_of(2, 2):
        ink = patterned("panels", design.colours, np.pi / 2, 1)
    draw_turned(canvas, dome, ink)
    edge = wide * np.cos(np.linspace(0, np.pi, 6))
    for right, left in pairwise(edge):
        scallop = [(right, -0.03), ((left + right) / 2, 0.12), (left, -0.03)]
        canvas.area(curve(scallop), dome.finish(ink, canvas))


def draw_armchair(canvas: Canvas, design: Design, _: Rng) -> None:
    """Draw an armchair on wooden legs."""
    tall, arm = design.between(0, -0.92, -0.6), design.between(1, -0.1, 0.14)
    for x in (-0.6, 0.6):
        canvas.area(ribbon([(x, 0.6), (x * 1.12, 0.98)], (0.16, 0.06)), padded(plain(WOOD), 0.6, 5))
    back = rounded(-0.62, tall, 0.62, 0.45, design.between(2, 0.14, 0.55))
    canvas.area(back, padded(design.printed(), 1.0, 26))
    front = padded(plain(design.colours[0] * 0.85), 0.8, 14)
    canvas.area(rounded(-0.6, 0.3, 0.6, 0.66, 0.1), front)
    seat = padded(design.plain(design.one_of(3, 2)), 0.9, 16)
    canvas.area(rounded(-0.56, 0.14, 0.56, 0.42, 0.12), seat)
    for x in (-0.7, 0.7):
        side = rounded(x - 0.16, arm, x + 0.16, 0.68, 0.15)
        canvas.area(side, padded(design.plain(0), 1.0, 16))
    pillow = curve([(-0.26, -0.26), (0.22, -0.3), (0.28, 0.16), (-0.2, 0.2)], closed=True)
    canvas.area(pillow, padded(design.plain(2), 1.0, 16))
