"""Few products with many pictures of each, as a turntable gives them: does more of a group help?"""

from dataclasses import replace

from tests.data.common import EvaluationSet
from tests.data.products import Pool, products

VIEWS = 60
TRAIN, TEST = Pool(24, 16, 12, 10), Pool(12, 10, 8, 8)


def series(
    seed: int = 0,
    views: int = VIEWS,
    train: Pool = TRAIN,
    test: Pool = TEST,
) -> EvaluationSet:
    """Give `views` pictures of every product; the test pool is held out.

    The products are others than those that `products` draws with the same seed.
    """
    whole = products(seed + 500, views=views, train=train, test=test)
    kept = {name: whole.types[name] for name in ("product", "colourway")}
    return replace(whole, types=kept)
