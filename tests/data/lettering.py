"""Printed characters in the machine's own fonts: the same character in many typefaces.

None of these letters shaped the engine's prior, whose signs are invented strokes.
"""

import string
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.data.common import EvaluationSet, photographed, rng_of

FONTS = Path("/usr/share/fonts")
SHAPES = string.ascii_uppercase + "abdefghijklmnqrty" + "23456789" + "&?@%"
SIDE = 96


def fonts() -> list[Path]:
    """Find the fonts that this machine has, none of mathematics or of pictures."""
    return sorted(
        path
        for path in FONTS.rglob("*.ttf")
        if "Math" not in path.name and "Emoji" not in path.name
    )


def lettering(seed: int = 0, views: int = 16, held_out: int = 18) -> EvaluationSet:
    """Give `views` prints of every character, each in a font drawn by lot; some are held out."""
    files = fonts()
    order = [SHAPES[i] for i in rng_of(seed, 401).permutation(len(SHAPES))]
    images: list[Image.Image] = []
    characters: list[str] = []
    for number, character in enumerate(order):
        for view in range(views):
            r = rng_of(seed, 402, number, view)
            images.append(_print(character, files[r.integers(len(files))], r))
            characters.append(character)
    return EvaluationSet(images, {"character": characters}, np.isin(characters, order[:held_out]))


def _print(character: str, file: Path, r: np.random.Generator) -> Image.Image:
    """Print a character on paper, in any two colours that stand apart, a little askew."""
    ink = Image.new("L", (SIDE, SIDE), 0)
    font = ImageFont.truetype(file, int(SIDE * r.uniform(0.5, 0.75)))
    at = SIDE / 2 + r.uniform(-0.08, 0.08, 2) * SIDE
    ImageDraw.Draw(ink).text(tuple(at), character, fill=255, font=font, anchor="mm")
    ink = ink.rotate(r.uniform(-9, 9), Image.Resampling.BICUBIC)
    cover = np.asarray(ink, np.float64)[..., None] / 255
    dark, light = r.uniform(0, 0.4, 3), r.uniform(0.55, 1, 3)
    front, back = (dark, light) if r.random() < 0.6 else (light, dark)
    printed = (front * cover + back * (1 - cover)) * 255
    return photographed(Image.fromarray(printed.astype(np.uint8)), r)
