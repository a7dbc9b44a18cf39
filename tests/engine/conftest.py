"""What the engine's tests share: the shipped encoder, and a small made-up world for the rest.

The made-up encoder `toy-1` has 48 features, so that a whole training takes a blink.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from dashboard.engine.encoder import Encoder
from dashboard.engine.heads import Head, discriminant
from dashboard.engine.prior import Prior
from dashboard.engine.training_set import TypeData

WIDTH = 48
DIRECTIONS = 8  # in which groups differ


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder.builtin()


@pytest.fixture(scope="session")
def prior() -> Prior:
    """Knows little: it takes all directions for about as telling as they are."""
    rng = np.random.default_rng(11)
    within, between = (np.cov(rng.normal(size=(WIDTH, 400))) for _ in range(2))
    directions = discriminant(within, [(1.0, between)], WIDTH).astype(np.float32)
    return Prior("toy-1", within, between, Head(np.zeros(WIDTH, np.float32), directions))


class Maker:
    """Makes features with groups that can be told apart, or not, as a test needs."""

    def rows(
        self,
        groups: NDArray[np.int64],
        seed: int = 0,
        apart: float = 1.0,
        noise: float = 1.0,
        glare: float = 0.0,
    ) -> NDArray[np.float16]:
        """Give (n, 48): groups differ in few directions, which a fit has to find.

        `glare` is noise in as many other directions, which a fit can leave out and a cosine cannot.
        """
        rng = np.random.default_rng(seed)
        axes = np.linalg.qr(rng.normal(size=(WIDTH, 2 * DIRECTIONS)))[0].T
        places = rng.normal(size=(groups.max() + 1, DIRECTIONS)) @ axes[:DIRECTIONS]
        rows = apart * places[groups] + noise * rng.normal(size=(len(groups), WIDTH))
        rows += glare * rng.normal(size=(len(groups), DIRECTIONS)) @ axes[DIRECTIONS:]
        return rows.astype(np.float16)

    def type_data(
        self,
        groups: int = 12,
        images: int = 5,
        *,
        key: str = "product",
        held_out: int = 0,
        seed: int = 0,
        **rows: float,
    ) -> TypeData:
        """Give a type of so many groups of so many images, the last of them held out."""
        numbers = np.repeat(np.arange(groups), images)
        return TypeData(
            key=key,
            name=f"Same {key}",
            features=self.rows(numbers, seed, **rows),
            groups=numbers,
            images=np.arange(len(numbers)),
            held_out=numbers >= groups - held_out,
        )


@pytest.fixture(scope="session")
def make() -> Maker:
    return Maker()
