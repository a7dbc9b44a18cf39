"""Draw the demo's images: a small catalogue of products, for a new workspace to try.

Two similarities can be learned from them, the same product and the same colours; how well, over
three seeds, is stated with the measurement in tests/files/test_demo_pictures.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dashboard.demo.colourways import COLOURWAYS, Colourway
from dashboard.demo.design import Design, draw_design
from dashboard.demo.photo import KINDS, ObjectKind, photograph

PRODUCTS = 60
VIEWS = 7
HELD_OUT = 6  # colourways that are held out for testing


@dataclass(frozen=True)
class DemoPicture:
    """A JPEG and its facts; `held_out` if its colourway is held out for testing."""

    file_name: str
    data: bytes
    product: str
    colourway: str
    held_out: bool


@dataclass(frozen=True)
class _Product:
    number: int
    kind: ObjectKind
    number_of_kind: int
    design: Design
    colourway: Colourway
    held_out: bool

    @property
    def name(self) -> str:
        return f"{self.kind.name} {self.number_of_kind:02} — {self.colourway.word}"

    @property
    def file_stem(self) -> str:
        return f"{self.kind.name}-{self.number_of_kind:02}-{self.colourway.word}".lower()


def draw_demo(seed: int = 1) -> Iterator[DemoPicture]:
    """Draw the catalogue, product by product: JPEG files, the same bytes for the same seed.

    Each colourway is used by two or three products of different kinds, and a product has one
    colourway: the held-out ones share no product with the rest.
    """
    for product in _draw_products(seed):
        for view in range(VIEWS):
            # A generator for each image: changing or removing one changes no other.
            rng = np.random.default_rng((seed, 2, product.number, view))
            yield DemoPicture(
                file_name=f"{product.file_stem}-{view + 1}.jpg",
                data=photograph(product.kind, product.design, rng),
                product=product.name,
                colourway=product.colourway.name,
                held_out=product.held_out,
            )


def _draw_products(seed: int) -> Iterator[_Product]:
    """Deal kinds and colourways in turn; their 12 and 26 drift apart, so no pair repeats."""
    rng = np.random.default_rng((seed, 0))
    kinds, colourways = rng.permutation(len(KINDS)), rng.permutation(len(COLOURWAYS))
    held_out = rng.choice(len(COLOURWAYS), HELD_OUT, replace=False)
    for number in range(PRODUCTS):
        kind = KINDS[kinds[number % len(KINDS)]]
        chosen = colourways[number % len(COLOURWAYS)]
        colourway = COLOURWAYS[chosen]
        taste = np.random.default_rng((seed, 1, number))
        yield _Product(
            number=number,
            kind=kind,
            number_of_kind=number // len(KINDS) + 1,
            design=draw_design(colourway.colours, taste, may_be_plain=kind.pieced),
            colourway=colourway,
            held_out=bool(chosen in held_out),
        )
