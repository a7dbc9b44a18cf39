"""Read a graph's inputs and outputs, and refuse one that is not an image encoder."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime
import onnxruntime.capi.onnxruntime_pybind11_state as states
from numpy.typing import DTypeLike, NDArray

from dashboard.engine.encoder import session_options
from dashboard.engine.errors import UnfitEncoder

Layout = Literal["NCHW", "NHWC"]
Pooling = Literal["none", "cls", "mean", "spatial"]

_TYPES: dict[str, DTypeLike] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}
# onnxruntime's errors share no class of their own.
_REFUSALS = (
    states.EPFail,
    states.Fail,
    states.InvalidArgument,
    states.InvalidGraph,
    states.InvalidProtobuf,
    states.NoSuchFile,
    states.NotImplemented,
    states.RuntimeException,
)
_FLOATS = ("tensor(float)", "tensor(float16)")
# The names that exporters use for the one vector of an image, the likeliest first.
_VECTORS = ("image_embeds", "pooler_output", "embeddings", "embedding", "sentence_embedding")
_TOKENS = 3
_MAPS = 4


@dataclass(frozen=True)
class Input:
    """The image input of the graph; a side is None if any size is accepted."""

    name: str
    dtype: DTypeLike
    layout: Layout
    height: int | None
    width: int | None


@dataclass(frozen=True)
class Output:
    """The output that represents the image, and how it becomes one vector."""

    name: str
    pooling: Pooling

    def vector(self, answer: NDArray[Any], layout: Layout) -> NDArray[np.float32]:
        """Return (d,) from the answer to one image: (1, d), (1, tokens, d) or a map."""
        whole: NDArray[np.float32] = np.asarray(answer[0], np.float32)
        if self.pooling == "cls":
            whole = whole[0]
        elif self.pooling == "mean":
            whole = whole.mean(axis=0)
        elif self.pooling == "spatial":
            whole = whole.mean(axis=(1, 2) if layout == "NCHW" else (0, 1))
        return whole


class Graph:
    """A loaded graph with one image in and one vector out. Any number of threads may use it."""

    def __init__(self, source: bytes | Path, *, output: str = "", pooling: str = "") -> None:
        """Load the graph; `output` and `pooling` decide if there is a choice.

        A file takes less memory to load than its bytes. Raises `UnfitEncoder` with a sentence that
        says what is wrong.
        """
        try:
            self._session = onnxruntime.InferenceSession(
                str(source) if isinstance(source, Path) else source,
                session_options(),
                providers=["CPUExecutionProvider"],
            )
        except _REFUSALS as error:
            raise UnfitEncoder(
                "onnxruntime cannot load the file: export it as one ONNX file that holds its "
                f"weights. ({_first_line(error)})"
            ) from error
        self.input = _input(self._session.get_inputs())
        self.output = _output(self._session.get_outputs(), output, pooling)

    def answer(self, picture: NDArray[Any]) -> NDArray[np.float32]:
        """Return the vector (d,) float32 of one image in the graph's own layout and type.

        Raises `UnfitEncoder` if the graph fails on it.
        """
        try:
            found = self._session.run([self.output.name], {self.input.name: picture[None]})[0]
        except _REFUSALS as error:
            raise UnfitEncoder(f"The graph fails on an image: {_first_line(error)}") from error
        return self.output.vector(np.asarray(found), self.input.layout)


def _input(inputs: list[Any]) -> Input:
    if len(inputs) != 1:
        names = ", ".join(one.name for one in inputs) or "none"
        raise UnfitEncoder(
            f"The graph has {len(inputs)} inputs ({names}), but an image encoder has one. Export "
            "only the image part."
        )
    one = inputs[0]
    if one.type not in _TYPES:
        raise UnfitEncoder(f"The input {one.name} is {one.type}, not float, float16 or uint8.")
    shape = one.shape
    if len(shape) != _MAPS:
        raise UnfitEncoder(
            f"The input {one.name} has {len(shape)} axes, but a batch of images has 4."
        )
    if isinstance(shape[0], int) and shape[0] != 1:
        raise UnfitEncoder(
            f"The input {one.name} takes exactly {shape[0]} images. Export with one, or with a "
            "batch of any size."
        )
    layout = _layout(one.name, shape)
    height, width = (shape[2], shape[3]) if layout == "NCHW" else (shape[1], shape[2])
    return Input(one.name, _TYPES[one.type], layout, _side(height), _side(width))


def _layout(name: str, shape: list[Any]) -> Layout:
    if shape[1] == 3:
        return "NCHW"
    if shape[3] == 3:
        return "NHWC"
    if not isinstance(shape[1], int) and not isinstance(shape[3], int):
        return "NCHW"  # as nearly every exporter writes it; the trial finds out
    raise UnfitEncoder(f"The input {name} has no axis of three colours.")


def _side(size: object) -> int | None:
    return size if isinstance(size, int) and size > 0 else None


def _output(outputs: list[Any], wanted: str, pooling: str) -> Output:
    fitting = [one for one in outputs if one.type in _FLOATS and len(one.shape) in (2, 3, 4)]
    if wanted:
        fitting = [one for one in fitting if one.name == wanted]
    if not fitting:
        names = ", ".join(one.name for one in outputs) or "none"
        raise UnfitEncoder(
            f"No output {wanted or 'of the graph'} is a vector, tokens or a feature map of "
            f"floats; its outputs are {names}."
        )
    chosen = min(fitting, key=_rank)
    return Output(chosen.name, _pooling(len(chosen.shape), pooling))


def _rank(output: Any) -> tuple[int, float]:
    """Order outputs: vectors before tokens before maps, known names first."""
    known = _VECTORS.index(output.name) if output.name in _VECTORS else math.inf
    return len(output.shape), known


def _pooling(axes: int, wanted: str) -> Pooling:
    fitting: dict[int, tuple[Pooling, ...]] = {
        2: ("none",),
        _TOKENS: ("cls", "mean"),
        _MAPS: ("spatial",),
    }
    for pooling in fitting[axes]:
        if wanted in ("", pooling):
            return pooling
    raise UnfitEncoder(f"An output of {axes} axes cannot be pooled by “{wanted}”.")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
