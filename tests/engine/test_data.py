"""The evaluation sets are what they say: the same every time, and open."""

import numpy as np
import pytest

from tests.data import PRINTED, SETS
from tests.data.hues import hues
from tests.data.lettering import fonts, lettering
from tests.data.packages import packages
from tests.data.photographs import stamps, wallpapers
from tests.data.products import Pool, products
from tests.data.scenes import scenes
from tests.data.series import series
from tests.data.words import typefaces, words

SMALL = {
    "stamps": lambda seed: stamps(seed, most=2),
    "wallpapers": lambda seed: wallpapers(seed, regions=1, views=1),
    "scenes": lambda seed: scenes(seed, regions=1, views=1),
    "products": lambda seed: products(
        seed, views=2, train=Pool(6, 3, 3, 3), test=Pool(6, 3, 3, 3)
    ),
    "hues": lambda seed: hues(seed, regions=1, variants=2, views=1),
    "packages": lambda seed: packages(seed, train=10, held_out=10, views=2),
    "series": lambda seed: series(
        seed, views=3, train=Pool(4, 3, 3, 3), test=Pool(3, 3, 3, 3)
    ),
    "lettering": lambda seed: lettering(seed, views=2),
    "words": lambda seed: words(seed, count=8, views=2, held_out=4),
    "typefaces": lambda seed: typefaces(seed, views=2),
}  # fmt: skip
DRAWN = [name for name in SMALL if name in SETS]


def test_every_set_is_looked_at():
    assert set(SETS) - {"digits"} == set(DRAWN)
    assert set(PRINTED) <= set(SMALL)


@pytest.fixture(scope="module", params=DRAWN)
def drawn(request):
    return SMALL[request.param], SMALL[request.param](0)


def test_every_picture_has_a_group_of_every_type(drawn):
    _, pictures = drawn

    assert {len(names) for names in pictures.types.values()} == {len(pictures.images)}
    assert len(pictures.held_out) == len(pictures.images)
    assert {image.mode for image in pictures.images} == {"RGB"}


def test_no_group_is_on_both_sides(drawn):
    _, pictures = drawn

    assert 0 < pictures.held_out.sum() < len(pictures.images)
    for kind in pictures.types:
        groups = pictures.groups(kind)
        assert not set(groups[pictures.held_out]) & set(groups[~pictures.held_out])


def test_the_same_seed_draws_the_same_pictures_and_another_one_others(drawn):
    draw, pictures = drawn
    again, others = draw(0), draw(1)

    assert all(np.array_equal(a, b) for a, b in zip(pictures.images, again.images, strict=True))
    assert pictures.types == again.types
    assert not all(
        np.array_equal(a, b) for a, b in zip(pictures.images, others.images, strict=False)
    )


def test_fonts_can_print_letters():
    assert not any("Math" in path.name or "Emoji" in path.name for path in fonts())
