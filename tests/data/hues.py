"""Real things in several colours: places in photos, the whole picture's hue turned.

Two likenesses that conflict: the same place in any colour, and the same place in the same colour.
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.data.common import EvaluationSet, rng_of
from tests.data.scenes import photo_of, regions_of, view_of

COLOURED = (
    "astronaut", "coffee", "chelsea", "rocket", "retina", "immunohistochemistry", "motorcycle",
    "china", "flower",
)  # fmt: skip


def hues(
    seed: int = 0, regions: int = 6, variants: int = 4, views: int = 5, held_out: int = 4
) -> EvaluationSet:
    """Give views of places of the photos in `variants` hues; `held_out` photos are held out."""
    order = [COLOURED[i] for i in rng_of(seed, 701).permutation(len(COLOURED))]
    images: list[Image.Image] = []
    places: list[str] = []
    coloured: list[str] = []
    for number, name in enumerate(order):
        photo = photo_of(name)
        places_here = regions_of(photo, regions, rng_of(seed, 702, number))
        for place, region in enumerate(places_here):
            for variant, turn in enumerate(_turns(variants, rng_of(seed, 703, number, place))):
                turned = _turned(photo, turn)
                for view in range(views):
                    r = rng_of(seed, 704, number, place, variant, view)
                    images.append(view_of(turned, region, r))
                    places.append(f"{name}/{place}")
                    coloured.append(f"{name}/{place}/{variant}")
    unseen = np.isin([place.split("/")[0] for place in places], order[:held_out])
    return EvaluationSet(images, {"place": places, "variant": coloured}, unseen)


def _turns(count: int, r: np.random.Generator) -> Iterator[int]:
    """Give hues far enough apart to be told apart, of 256 around the circle."""
    start = int(r.integers(256))
    for number in range(count):
        yield (start + number * 256 // count + int(r.integers(-12, 13))) % 256


def _turned(photo: Image.Image, turn: int) -> Image.Image:
    pixels = np.array(photo.convert("HSV"))
    pixels[..., 0] += np.uint8(turn)
    return Image.fromarray(pixels, "HSV").convert("RGB")
