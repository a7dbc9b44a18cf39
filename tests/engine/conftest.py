"""What the engine's tests share: the shipped encoder, once, and small made-up features."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dashboard.engine.encoder import Encoder
from dashboard.engine.prior import Prior, builtin_prior
from dashboard.engine.training_set import TypeData

WIDTH = 512


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder.builtin()


@pytest.fixture(scope="session")
def prior() -> Prior:
    return builtin_prior()


class Maker:
    """Makes features with groups that can be told apart, or not, as a test needs."""

    def rows(
        self, groups: NDArray[np.int64], seed: int = 0, apart: float = 1.0, noise: float = 1.0
    ) -> NDArray[np.float16]:
        """Give (n, 512): groups differ in 20 directions that the drawn pictures do not favour."""
        rng = np.random.default_rng(seed)
        directions = np.linalg.qr(rng.normal(size=(WIDTH, 20)))[0].T
        places = rng.normal(size=(groups.max() + 1, 20)) @ directions
        rows = apart * places[groups] + noise * 0.1 * rng.normal(size=(len(groups), WIDTH))
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


@pytest.fixture
def make() -> Maker:
    return Maker()
