"""The encoder: a picture becomes numbers that are computed once and kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from dashboard.engine.preprocess import SIZE, letterbox
from dashboard.engine.prior import BUILTIN, checked_asset


def session_options() -> onnxruntime.SessionOptions:
    """Give one thread to one run: who wants more speed runs several at once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


class PictureEncoder(Protocol):
    """What every encoder can do; `size` is the longest side that it makes use of, in pixels."""

    key: str
    size: int
    dimension: int

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Make the (height, width, 3) uint8 that `features` takes, of any picture."""
        ...

    def features(self, batch: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Encode (n, height, width, 3) uint8 into features (n, dimension) float16."""
        ...


class Encoder:
    """A fixed ONNX graph from squares of bytes to features; `key` names it and its version.

    Any number of threads may use one encoder at a time. Every picture runs alone, so that its
    features are the same bits in any company; a batch would gain nothing on a CPU.
    """

    def __init__(self, key: str, graph: bytes, *, threads: int = 1) -> None:
        """Load a graph; `threads` is how many pictures of one call run at a time."""
        self.key = key
        self.size = SIZE
        self.threads = threads
        self._session = onnxruntime.InferenceSession(
            graph, session_options(), providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self.dimension: int = self._session.get_outputs()[0].shape[1]

    @classmethod
    def builtin(cls, threads: int = 1) -> "Encoder":
        """Load the encoder that is shipped. Raises BrokenArtifact if its file is damaged."""
        return cls(BUILTIN, checked_asset(f"{BUILTIN}.onnx"), threads=threads)

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Make the square (size, size, 3) uint8 that `features` takes, of any picture."""
        return letterbox(image, self.size)

    def features(self, batch: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Encode squares (n, size, size, 3) uint8 into features (n, dimension) float16."""
        rows = np.empty((len(batch), self.dimension), np.float16)
        for row, features in zip(rows, self._map(batch), strict=True):
            row[:] = features
        return rows

    def _map(self, batch: NDArray[np.uint8]) -> Iterator[NDArray[np.float32]]:
        if self.threads == 1 or len(batch) < 2:
            yield from map(self._encode, batch)
            return
        with ThreadPoolExecutor(self.threads, "encoder") as pool:
            yield from pool.map(self._encode, batch)

    def _encode(self, square: NDArray[np.uint8]) -> NDArray[np.float32]:
        features: NDArray[np.float32] = self._session.run(None, {self._input: square[None]})[0][0]
        return features
