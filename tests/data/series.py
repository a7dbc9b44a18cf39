"""Few products with many pictures of each, as a turntable gives them: does more of a group help?"""

from dataclasses import replace

from tests.data.common import EvaluationSet
from tests.data.products import Pool, products

VIEWS = 60


def series(
    seed: int = 0,
    views: int = VIEWS,
    train: Pool = Pool(24, 16, 12, 10),
    test: Pool = Pool(12, 10, 8, 8),
) -> EvaluationSet:
    """Give `views` pictures of every product; the test pool is held out.

    The products are others than those that `products` draws with the same seed.
    """
    whole = products(seed + 500, views=views, train=train, test=test)
    kept = {name: whole.types[name] for name in ("product", "colourway")}
    return replace(whole, types=kept)
