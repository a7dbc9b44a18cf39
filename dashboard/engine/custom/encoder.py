"""Define an encoder of a user's graph, its preprocessing, and a basis of its own."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashboard.engine.build.prior_maker import Basis
from dashboard.engine.custom.graph import Graph
from dashboard.engine.custom.preprocessing import Preprocessing
from dashboard.engine.heads import unit_rows


class OwnEncoder:
    """Works like `dashboard.engine.encoder.Encoder`; images run one at a time here, too.

    Features are the graph's vector at unit length, in a basis of at most 512 axes.
    """

    def __init__(self, key: str, graph: Graph, preprocessing: Preprocessing, basis: Basis) -> None:
        self.key = key
        self.graph = graph
        self.preprocessing = preprocessing
        self.basis = basis
        self.size = preprocessing.side
        self.dimension: int = basis.axes.shape[1]

    def encode(self, image: Image.Image) -> NDArray[np.float16]:
        """Encode one image of any mode and orientation into its features (dimension,) float16."""
        row: NDArray[np.float16] = self.features(self.prepare(image)[None])[0]
        return row

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return the (height, width, 3) uint8 that `features` accepts, for any image."""
        return self.preprocessing.pixels(image)

    def features(self, batch: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Encode fitted images (n, height, width, 3) uint8 to (n, dimension) float16."""
        rows = np.stack([answer_of(self.graph, self.preprocessing, one) for one in batch])
        return self.basis.project(rows).astype(np.float16)


def answer_of(
    graph: Graph, preprocessing: Preprocessing, pixels: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Return the graph's vector (d,) of fitted pixels, of unit length."""
    vector = graph.answer(preprocessing.values(pixels, graph.input))
    unit: NDArray[np.float32] = unit_rows(vector[None].astype(np.float64))[0].astype(np.float32)
    return unit
