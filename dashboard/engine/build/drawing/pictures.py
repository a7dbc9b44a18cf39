"""Draw the whole set that the prior is computed from, one image after the other."""

from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image

from dashboard.engine.build.drawing import leaves, objects, strokes
from dashboard.engine.build.drawing.camera import stream
from dashboard.engine.build.drawing.finishes import draw_finish, draw_palette
from dashboard.engine.build.drawing.forms import draw_form

SEED = 71_000


class Picture(NamedTuple):
    """A drawn image, with the kind of similarity that it teaches and its group in it."""

    image: Image.Image
    likeness: str
    group: int


class Amounts(NamedTuple):
    """The numbers of all kinds; forms, palettes and finishes are shared among the things."""

    things: int = 900
    thing_views: int = 5
    forms: int = 180
    palettes: int = 180
    finishes: int = 120
    signs: int = 6000
    skeletons: int = 110
    hands: int = 110
    fields: int = 400
    regions: int = 3
    region_views: int = 4


SHIPPED = Amounts()


def pictures(amounts: Amounts = SHIPPED, seed: int = SEED) -> Iterator[Picture]:
    """Draw everything: the same seed always gives the same images in the same order."""
    yield from _things(amounts, seed)
    yield from _signs(amounts, seed)
    yield from _regions(amounts, seed)


def _things(amounts: Amounts, seed: int) -> Iterator[Picture]:
    pools = (amounts.forms, amounts.palettes, amounts.finishes)
    for number in range(amounts.things):
        form, palette, finish = (int(n) for n in stream(seed, 1, number).integers(pools))
        thing = objects.Thing(
            draw_form(stream(seed, 2, form)),
            draw_palette(stream(seed, 3, palette)),
            draw_finish(stream(seed, 4, finish)),
        )
        for turn in range(amounts.thing_views):
            yield Picture(objects.view(thing, stream(seed, 5, number, turn)), "thing", number)


def _signs(amounts: Amounts, seed: int) -> Iterator[Picture]:
    for number in range(amounts.signs):
        rng = stream(seed, 6, number)
        skeleton, hand = (int(n) for n in rng.integers((amounts.skeletons, amounts.hands)))
        sign = strokes.draw_skeleton(stream(seed, 7, skeleton))
        image = strokes.view(sign, strokes.draw_hand(stream(seed, 8, hand)), rng)
        yield Picture(image, "sign", skeleton)


def _regions(amounts: Amounts, seed: int) -> Iterator[Picture]:
    for number in range(amounts.fields):
        field = leaves.draw_field(stream(seed, 9, number))
        chosen = leaves.draw_regions(stream(seed, 10, number), amounts.regions)
        for place, region in enumerate(chosen):
            for turn in range(amounts.region_views):
                image = leaves.view(field, region, stream(seed, 11, number, place, turn))
                yield Picture(image, "region", number * amounts.regions + place)
