"""Printed words and typefaces: the same word in many fonts, the same font in many words.

The words are made up, and none of the fonts shaped the engine's prior.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.data.common import EvaluationSet, photographed, rng_of
from tests.data.lettering import fonts

WIDTH, HEIGHT = 192, 96
ONSETS = (
    "b", "bl", "c", "ch", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p",
    "pl", "qu", "r", "s", "st", "t", "tr", "v", "w", "z",
)  # fmt: skip
VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
CODAS = ("", "", "l", "m", "n", "r", "s", "t", "nd", "ck")


def words(seed: int = 0, count: int = 60, views: int = 10, held_out: int = 20) -> EvaluationSet:
    """Give `views` prints of every word, each in a font drawn by lot; some words are held out."""
    files = fonts()
    images: list[Image.Image] = []
    names: list[str] = []
    for number in range(count):
        word = _word(rng_of(seed, 601, number))
        for view in range(views):
            r = rng_of(seed, 602, number, view)
            images.append(_print(word, files[r.integers(len(files))], r))
            names.append(f"{number}-{word}")
    unseen = np.array([int(name.split("-")[0]) < held_out for name in names])
    return EvaluationSet(images, {"word": names}, unseen)


def typefaces(seed: int = 0, views: int = 16, held_out: int = 14) -> EvaluationSet:
    """Give `views` words in every font, no word twice; some fonts are held out."""
    files = [fonts()[i] for i in rng_of(seed, 603).permutation(len(fonts()))]
    images: list[Image.Image] = []
    names: list[str] = []
    for number, file in enumerate(files):
        for view in range(views):
            r = rng_of(seed, 604, number, view)
            images.append(_print(_word(r), file, r))
            names.append(file.name)
    unseen = np.isin(names, [file.name for file in files[:held_out]])
    return EvaluationSet(images, {"typeface": names}, unseen)


def _word(r: np.random.Generator) -> str:
    """Make up a word of two or three syllables."""
    syllables = [
        str(r.choice(ONSETS)) + str(r.choice(VOWELS)) + str(r.choice(CODAS))
        for _ in range(r.integers(2, 4))
    ]
    word = "".join(syllables)
    return word.capitalize() if r.random() < 0.5 else word


def _print(word: str, file: object, r: np.random.Generator) -> Image.Image:
    """Print a word on a sign, in any two colours that stand apart, a little askew."""
    ink = Image.new("L", (WIDTH, HEIGHT), 0)
    size = HEIGHT * r.uniform(0.4, 0.6)
    font = ImageFont.truetype(file, size)
    font = ImageFont.truetype(file, size * min(1, WIDTH * 0.86 / font.getlength(word)))
    at = (WIDTH * r.uniform(0.47, 0.53), HEIGHT * r.uniform(0.4, 0.6))
    ImageDraw.Draw(ink).text(at, word, fill=255, font=font, anchor="mm")
    ink = ink.rotate(r.uniform(-5, 5), Image.Resampling.BICUBIC)
    cover = np.asarray(ink, np.float64)[..., None] / 255
    dark, light = r.uniform(0, 0.35, 3), r.uniform(0.6, 1, 3)
    front, back = (dark, light) if r.random() < 0.6 else (light, dark)
    printed = (front * cover + back * (1 - cover)) * 255
    return photographed(Image.fromarray(printed.astype(np.uint8)), r)
