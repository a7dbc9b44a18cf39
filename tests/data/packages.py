"""Packages on a shelf: bottles, cans, boxes and pouches with printed labels.

Another drawing than that of `products`: seen straight on, shaded as solids, told apart by what
is printed on them. Types: product, brand (what the label looks like), vessel (the silhouette).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from tests.data.common import SIZE, EvaluationSet, photographed, rgb_of, rng_of

Floats = NDArray[np.float64]
WIDE = 2 * SIZE  # drawn at twice the size, for smooth edges
EMBLEMS = ("disc", "ring", "diamond", "bars", "drop", "sun")


@dataclass(frozen=True)
class Label:
    """What is printed: paper, emblem and a few lines, in three colours."""

    colours: Floats
    emblem: str
    top: float
    height: float
    lines: Floats


@dataclass(frozen=True)
class Vessel:
    """Half-widths down the height, and how shiny it is."""

    widths: Floats
    slender: float
    shine: float


def packages(seed: int = 0, train: int = 80, held_out: int = 40, views: int = 6) -> EvaluationSet:
    """Give `views` pictures of every product; parts share neither labels nor vessels."""
    images: list[Image.Image] = []
    names: list[tuple[str, ...]] = []
    for part, count in enumerate((train, held_out)):
        labels, vessels = count // 3, count // 5
        for number in range(count):
            r = rng_of(seed, 801, part, number)
            a, b = int(r.integers(labels)), int(r.integers(vessels))
            label, vessel = _label(rng_of(seed, 802, part, a)), _vessel(rng_of(seed, 803, part, b))
            body = rgb_of(r.random(), r.uniform(0.1, 0.9), r.uniform(0.25, 0.95))
            for view in range(views):
                images.append(_draw(vessel, label, body, rng_of(seed, 804, part, number, view)))
                names.append(tuple(f"{part}-{n}" for n in (number, a, b)))
    types = dict(zip(("product", "brand", "vessel"), map(list, zip(*names, strict=True)),
                     strict=True))  # fmt: skip
    return EvaluationSet(images, types, np.array([name[0].startswith("1") for name in names]))


def _label(r: np.random.Generator) -> Label:
    hue = r.random()
    paper = rgb_of(hue, r.uniform(0, 0.5), r.uniform(0.7, 1))
    ink = rgb_of((hue + r.uniform(0.2, 0.8)) % 1, r.uniform(0.5, 1), r.uniform(0.2, 0.7))
    accent = rgb_of(r.random(), r.uniform(0.5, 1), r.uniform(0.4, 1))
    return Label(
        colours=np.stack([paper, ink, accent]),
        emblem=EMBLEMS[r.integers(len(EMBLEMS))],
        top=r.uniform(0.3, 0.5),
        height=r.uniform(0.25, 0.45),
        lines=r.uniform(0.2, 0.9, (r.integers(1, 5), 2)),
    )


def _vessel(r: np.random.Generator) -> Vessel:
    """Draw a bottle's neck and shoulder, a can's, a box's or a pouch's edge."""
    down = np.linspace(0, 1, 60)
    kind = r.integers(4)
    if kind == 0:  # a bottle
        neck, shoulder = r.uniform(0.2, 0.5), r.uniform(0.15, 0.4)
        rise = 1 / (1 + np.exp(-(down - shoulder) / r.uniform(0.01, 0.06)))
        widths = neck + (1 - neck) * rise
    elif kind == 1:  # a can
        rim = np.minimum(down, 1 - down) / r.uniform(0.04, 0.1)
        widths = r.uniform(0.8, 0.95) + (1 - r.uniform(0.8, 0.95)) * np.clip(rim, 0, 1)
    elif kind == 2:  # a box, straight or tapered
        widths = np.linspace(r.uniform(0.8, 1), 1, 60)
    else:  # a pouch
        widths = 0.9 + r.uniform(0.02, 0.1) * np.sin(np.pi * down * r.integers(1, 4))
    return Vessel(np.clip(widths, 0.1, 1), r.uniform(0.28, 0.62), r.uniform(0, 0.5))


def _draw(vessel: Vessel, label: Label, body: Floats, r: np.random.Generator) -> Image.Image:
    height = WIDE * r.uniform(0.66, 0.9)
    half = height * vessel.slender / 2
    picture, cover = _printed(vessel, label, body, height)
    shaded = picture * _shading(vessel, half, r)[..., None]
    shelf = _shelf(r)
    scene = shaded * cover + shelf * (1 - cover)
    image = Image.fromarray((scene.clip(0, 1) * 255).astype(np.uint8))
    image = image.rotate(
        r.uniform(-10, 10),
        Image.Resampling.BICUBIC,
        translate=(r.uniform(-14, 14), r.uniform(-10, 10)),
        fillcolor=tuple(int(255 * c) for c in shelf[0, 0]),
    )
    return photographed(image.resize((SIZE, SIZE), Image.Resampling.BOX), r, 0.8)


def _printed(
    vessel: Vessel, label: Label, body: Floats, height: float
) -> tuple[Floats, Floats]:  # fmt: skip
    """Give the front without light, (side, side, 3), and where it covers the shelf."""
    middle, top = WIDE / 2, (WIDE - height) / 2
    half = height * vessel.slender / 2
    rows = top + np.linspace(0, height, len(vessel.widths))
    left = np.column_stack([middle - half * vessel.widths, rows])
    right = np.column_stack([middle + half * vessel.widths, rows])[::-1]
    outline = [tuple(point) for point in np.concatenate([left, right])]
    mask = Image.new("L", (WIDE, WIDE), 0)
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    front = Image.new("RGB", (WIDE, WIDE), _bytes(body))
    _print_label(ImageDraw.Draw(front), label, top + height * label.top, height, half)
    cover = np.asarray(mask.filter(ImageFilter.GaussianBlur(0.7)), np.float64)[..., None] / 255
    return np.asarray(front, np.float64) / 255, cover


def _print_label(
    draw: ImageDraw.ImageDraw, label: Label, top: float, height: float, half: float
) -> None:
    paper, ink, accent = (_bytes(colour) for colour in label.colours)
    tall = height * label.height
    middle = WIDE / 2
    draw.rectangle([middle - half, top, middle + half, top + tall], fill=paper)
    _emblem(draw, label.emblem, (middle, top + tall * 0.36), min(half, tall) * 0.42, (ink, accent))
    for number, (length, weight) in enumerate(label.lines):
        y = top + tall * (0.68 + 0.08 * number)
        thick = tall * 0.02 * (1 + weight)
        draw.rectangle([middle - half * 0.8 * length, y, middle + half * 0.8 * length, y + thick],
                       fill=ink)  # fmt: skip


def _emblem(
    draw: ImageDraw.ImageDraw,
    kind: str,
    middle: tuple[float, float],
    size: float,
    colours: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    x, y = middle
    ink, accent = colours
    box = [x - size, y - size, x + size, y + size]
    if kind in ("disc", "ring"):
        draw.ellipse(box, fill=ink if kind == "disc" else None, outline=accent,
                     width=max(2, int(size * 0.3)))  # fmt: skip
    elif kind == "diamond":
        draw.polygon([(x, y - size), (x + size, y), (x, y + size), (x - size, y)], fill=accent)
    elif kind == "bars":
        for shift in (-0.8, -0.1, 0.6):
            left = x + shift * size
            draw.rectangle([left, y - size, left + size * 0.35, y + size], fill=ink)
    elif kind == "drop":
        draw.polygon([(x, y - size), (x + size * 0.7, y + size * 0.3), (x - size * 0.7,
                     y + size * 0.3)], fill=accent)  # fmt: skip
        draw.pieslice([x - size * 0.7, y - size * 0.4, x + size * 0.7, y + size], 0, 180,
                      fill=accent)  # fmt: skip
    else:
        for turn in np.linspace(0, 2 * np.pi, 10, endpoint=False):
            tip = (x + size * np.cos(turn), y + size * np.sin(turn))
            draw.line([(x, y), tip], fill=accent, width=max(2, int(size * 0.15)))
        draw.ellipse([x - size / 2, y - size / 2, x + size / 2, y + size / 2], fill=ink)


def _bytes(colour: Floats) -> tuple[int, ...]:
    return tuple(int(255 * part) for part in colour)


def _shading(vessel: Vessel, half: float, r: np.random.Generator) -> Floats:
    """Give the brightness of a round thing, lit from a side, with a streak of shine."""
    across = ((np.arange(WIDE) - WIDE / 2) / half).clip(-1, 1)
    side = r.uniform(-0.6, 0.6)
    lit = 1 - r.uniform(0.2, 0.6) * (across - side) ** 2
    streak = vessel.shine * np.exp(-(((across - r.uniform(-0.6, 0.6)) / 0.08) ** 2))
    return np.broadcast_to((lit + streak) * r.uniform(0.8, 1.1), (WIDE, WIDE))


def _shelf(r: np.random.Generator) -> Floats:
    """Give a wall and a board, (side, side, 3), perhaps with neighbours to both sides."""
    wall, board = r.uniform(0.15, 1, (2, 3))
    y, x = np.mgrid[:WIDE, :WIDE] / WIDE
    scene = np.where((y > r.uniform(0.75, 0.95))[..., None], board, wall)
    for edge in (x < r.uniform(-0.2, 0.15), x > r.uniform(0.85, 1.2)):
        scene = np.where((edge & (y > r.uniform(0.1, 0.5)))[..., None], r.uniform(0, 1, 3), scene)
    return scene
