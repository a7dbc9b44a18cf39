"""Encode images: the features of an image are computed once and stored."""

import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from dashboard.engine.errors import BrokenArtifact
from dashboard.engine.preprocess import PHOTO_KEPT, PHOTO_SIZE, SIZE, letterbox, upright
from dashboard.engine.prior import ASSETS, BOTH, BUILTIN, PHOTO, checked_asset


def session_options() -> onnxruntime.SessionOptions:
    """Use one thread for one run: for more speed, run several at once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


class PictureEncoder(Protocol):
    """Define the interface of encoders; `size` is the longest side they use, in pixels."""

    key: str
    size: int
    dimension: int

    def encode(self, image: Image.Image) -> NDArray[np.float16]:
        """Encode one image of any mode and orientation into its features (dimension,) float16."""
        ...


class Encoder:
    """A fixed ONNX graph from squares of bytes to features; `key` names it and its version.

    Any number of threads may use one encoder at a time. Every image runs alone, so that its
    features do not depend on others, to the bit; a batch would gain nothing on a CPU.
    """

    size = SIZE

    def __init__(self, key: str, graph: bytes, *, threads: int = 1) -> None:
        """Load a graph; `threads` is how many images of one call run at a time."""
        self.key = key
        self.threads = threads
        self._session = onnxruntime.InferenceSession(
            graph, session_options(), providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self.dimension: int = self._session.get_outputs()[0].shape[1]

    @classmethod
    def builtin(cls, threads: int = 1) -> "Encoder":
        """Load the shipped encoder. Raises BrokenArtifact if its file is damaged."""
        return cls(BUILTIN, checked_asset(f"{BUILTIN}.onnx"), threads=threads)

    def encode(self, image: Image.Image) -> NDArray[np.float16]:
        """Encode one image of any mode and orientation into its features (dimension,) float16."""
        return self._encode(self.prepare(image)).astype(np.float16)

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return the square (size, size, 3) uint8 that `features` accepts, for any image."""
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
        answers: NDArray[np.float32] = self._session.run(None, {self._input: square[None]})[0][0]
        return answers


class PhotoEncoder(Encoder):
    """The encoder that was trained on photographs, with the basis of its features."""

    size = PHOTO_SIZE

    def __init__(self, graph: bytes, arrays: bytes, *, threads: int = 1) -> None:
        """Load a graph that answers with w numbers, and `mean` (w,) and `axes` (w, k) of its basis.

        `arrays` are the bytes of an `.npz` file. Raises BrokenArtifact unless it has both.
        """
        super().__init__(PHOTO, graph, threads=threads)
        try:
            with np.load(io.BytesIO(arrays), allow_pickle=False) as basis:
                self._axes = basis["axes"].astype(np.float32)
                self._offset = basis["mean"] @ self._axes
        except (KeyError, ValueError, zipfile.BadZipFile) as error:
            path = ASSETS / f"{PHOTO}.npz"
            raise BrokenArtifact(path, "an array is missing or damaged.") from error
        self.dimension = self._axes.shape[1]

    @classmethod
    def shipped(cls, threads: int = 1) -> "PhotoEncoder":
        """Load the shipped encoder. Raises BrokenArtifact if one of its files is damaged."""
        graph, arrays = (checked_asset(f"{PHOTO}.{kind}") for kind in ("onnx", "npz"))
        return cls(graph, arrays, threads=threads)

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return the squares (2, size, size, 3) uint8 that `features` accepts, for any image."""
        shown = upright(image)
        return np.stack([letterbox(shown, self.size, kept) for kept in PHOTO_KEPT])

    def features(self, batch: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Encode squares (n, 2, size, size, 3) uint8 into features (n, dimension) float16."""
        return super().features(batch)

    def _encode(self, square: NDArray[np.uint8]) -> NDArray[np.float32]:
        answers = self._session.run(None, {self._input: square})[0].mean(axis=0)
        # Not `@`: BLAS adds up in another order on another number of threads. This takes 0.1 ms.
        features: NDArray[np.float32] = np.einsum("w,wk->k", answers, self._axes) - self._offset
        return features


class PairEncoder:
    """Both shipped encoders as one: the features of the built-in one, then those of the other."""

    key = BOTH

    def __init__(self, builtin: Encoder, photo: Encoder) -> None:
        """Combine two encoders, whose sessions may be shared."""
        self.parts = (builtin, photo)
        self.size = max(part.size for part in self.parts)
        self.dimension = sum(part.dimension for part in self.parts)

    @classmethod
    def shipped(cls) -> "PairEncoder":
        """Load both shipped encoders. Raises BrokenArtifact if a file is damaged."""
        return cls(Encoder.builtin(), PhotoEncoder.shipped())

    def encode(self, image: Image.Image) -> NDArray[np.float16]:
        """Encode one image of any mode and orientation into its features (dimension,) float16."""
        shown = upright(image)
        return np.concatenate([part.encode(shown) for part in self.parts])
