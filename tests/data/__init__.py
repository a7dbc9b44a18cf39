"""Seeded sets of pictures to judge the engine by: drawn, printed, photographed and scanned.

The groups under `held_out` share nothing with the others: train on the others, then let every
held-out picture look for its like among the held-out ones. Nothing here serves to build the
engine's prior, and nothing that draws the prior serves here.
"""

from collections.abc import Callable

from tests.data.common import EvaluationSet
from tests.data.digits import digits
from tests.data.hues import hues
from tests.data.lettering import fonts, lettering
from tests.data.packages import packages
from tests.data.photographs import has_stamps, has_wallpapers, stamps, wallpapers
from tests.data.products import Pool, products
from tests.data.scenes import scenes
from tests.data.series import series
from tests.data.words import typefaces, words

FEWEST_FONTS = 20

PRINTED: dict[str, Callable[[int], EvaluationSet]] = {
    "lettering": lettering,
    "words": words,
    "typefaces": typefaces,
}
PHOTOGRAPHED: dict[str, Callable[[int], EvaluationSet]] = {
    **({"stamps": stamps} if has_stamps() else {}),
    **({"wallpapers": wallpapers} if has_wallpapers() else {}),
}
SETS: dict[str, Callable[[int], EvaluationSet]] = {
    **PHOTOGRAPHED,
    "scenes": scenes,
    "products": products,
    "digits": lambda _: digits(),
    "hues": hues,
    "packages": packages,
    "series": series,
    **(PRINTED if len(fonts()) >= FEWEST_FONTS else {}),
}


def many_products(seed: int) -> EvaluationSet:
    """Give enough products to see what more groups and more images of each are worth."""
    return products(seed + 1, views=10, train=Pool(200, 60, 60, 40))


CURVES = {"many products": ("product", many_products)}
