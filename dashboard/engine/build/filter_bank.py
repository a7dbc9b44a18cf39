"""Build the encoder without learned weights as one ONNX graph: fixed filters.

Gabor modulus with divisive normalisation follows the standard model of early vision (Heeger, 1992);
pooled answers to answers follow the scattering transform (Bruna and Mallat, 2013); the signed
square root is the Hellinger map of histograms (Arandjelovic and Zisserman, 2012).
"""

import numpy as np
import onnx
from numpy.typing import NDArray

from dashboard.engine.build.filters import (
    CHROMA,
    LIGHTNESS,
    OPPONENT,
    ORIENTATIONS,
    Bins,
    first_order,
    second_order,
)
from dashboard.engine.build.graph import Graph
from dashboard.engine.preprocess import SIZE

OCTAVES = 4
SOURCE = "image"


class FilterBank:
    """Builds the graph octave by octave; `blocks` are the unit rows of the descriptor."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.blocks: list[str] = []
        self.width = 0

    def block(self, tensor: str, width: int, *, root: bool = True) -> None:
        """Add a tensor to the descriptor, as a row of length one.

        The signed square root before keeps a few strong answers from dominating the many weak.
        """
        g = self.graph
        row = g.op("Flatten", tensor, axis=1)
        if root:
            row = g.op("Mul", g.op("Sign", row), g.op("Sqrt", g.op("Abs", row)))
        self.blocks.append(g.unit(row))
        self.width += width

    def average(self, tensor: str, channels: int) -> None:
        """Add the mean over the whole image."""
        self.block(self.graph.op("GlobalAveragePool", tensor), channels)

    def grid(self, tensor: str, channels: int, side: int, cells: int) -> None:
        """Add the means over cells x cells tiles of a map `side` pixels wide."""
        self.block(self.graph.pool(tensor, side // cells), channels * cells**2)

    def modulus(self, even: str, odd: str) -> str:
        """Return the strength of an answer, whatever its phase."""
        g = self.graph
        squares = g.op("Add", g.op("Mul", even, even), g.op("Mul", odd, odd))
        return g.op("Sqrt", g.op("Add", squares, g.floats(1e-6)))

    def normalised(self, strength: str, side: int) -> str:
        """Divide by the neighbourhood's strength over all orientations, which removes contrast."""
        g = self.graph
        near = max(3, (side // 8) | 1)
        total = g.op("ReduceMean", strength, axes=[1], keepdims=1)
        around = g.op(
            "AveragePool",
            total,
            kernel_shape=[near, near],
            strides=[1, 1],
            pads=[near // 2] * 4,
            count_include_pad=0,
        )
        return g.op("Div", strength, g.op("Add", around, g.floats(0.01)))

    def octave(self, opponent: str, side: int, octave: int) -> None:
        """Add the blocks of one scale; the finest two get the finest grids."""
        g, n = self.graph, ORIENTATIONS
        answers = g.op("Conv", g.reflect(opponent, 4), g.constant(first_order()))
        strength = self.modulus(g.channels(answers, 0, n), g.channels(answers, n, 2 * n))
        colour = self.modulus(g.channels(answers, 2 * n, 3 * n), g.channels(answers, 3 * n, 4 * n))
        relative = self.normalised(strength, side)
        for cells in (8, 4, 2) if octave < 2 else (4, 2):
            self.grid(relative, n, side, cells)
        self.average(strength, n)
        self.block(g.op("GlobalMaxPool", strength), n)
        self.grid(colour, n, side, 2)
        self.average(colour, n)
        if side // 4 >= 12:  # below, the image is too small for filters on filters
            self.texture(g.pool(relative, 4), side // 4)

    def texture(self, relative: str, side: int) -> None:
        """Add the second order: how each orientation's strength varies over the image."""
        g, n = self.graph, ORIENTATIONS
        answers = g.op("Conv", g.reflect(relative, 3), g.constant(second_order()), group=n)
        pairs = g.reshape(answers, 0, n, 2, n, side * side)
        even, odd = g.ops("Split", 2, pairs, g.integers(1, 1), axis=2)
        strength = g.reshape(self.modulus(even, odd), 0, n * n, side, side)
        self.average(strength, n * n)
        self.grid(strength, n * n, side, 2)

    def membership(self, opponent: str, channel: int, bins: Bins) -> str:
        """Return how much every pixel belongs to every bin, (n, bins, side, side)."""
        g = self.graph
        column = (1, -1, 1, 1)
        plane = g.channels(opponent, channel, channel + 1)
        offset = g.op("Abs", g.op("Sub", plane, g.floats(bins.centres.reshape(column))))
        share = g.op("Div", offset, g.floats(bins.widths.reshape(column)))
        return g.op("Relu", g.op("Sub", g.floats(1.0), share))

    def colours(self, opponent: str) -> None:
        """Add soft histograms of colour (all, by quarter, of the middle) and a thumbnail."""
        g, side = self.graph, SIZE // 4
        small = g.pool(opponent, 4)
        light, red, yellow = (
            self.membership(small, channel, bins)
            for channel, bins in enumerate((LIGHTNESS, CHROMA, CHROMA))
        )
        pixels = side * side
        hue = g.op("Mul", g.reshape(red, 0, 8, 1, pixels), g.reshape(yellow, 0, 1, 8, pixels))
        full = g.op("Mul", g.reshape(hue, 0, 1, 64, pixels), g.reshape(light, 0, 5, 1, pixels))
        self.average(g.reshape(full, 0, 320, side, side), 320)
        hue = g.reshape(hue, 0, 64, side, side)
        self.grid(hue, 64, side, 2)
        inner, outer = g.integers(side // 4, side // 4), g.integers(3 * side // 4, 3 * side // 4)
        self.average(g.op("Slice", hue, inner, outer, g.integers(2, 3)), 64)
        self.block(g.pool(small, side // 8), 3 * 64, root=False)

    def opponent(self) -> str:
        """Return the bytes as opponent colours, NCHW."""
        g = self.graph
        scaled = g.op("Mul", g.op("Cast", SOURCE, to=onnx.TensorProto.FLOAT), g.floats(1 / 255))
        planes = g.op("Transpose", scaled, perm=[0, 3, 1, 2])
        return g.op("Conv", planes, g.floats(OPPONENT[:, :, None, None]))


def filter_bank() -> FilterBank:
    """Build the whole bank: 34 blocks, 3,360 numbers."""
    bank = FilterBank()
    opponent = level = bank.opponent()
    for octave in range(OCTAVES):
        if octave:
            level = bank.graph.pool(level, 2)
        bank.octave(level, SIZE >> octave, octave)
    bank.colours(opponent)
    return bank


def raw_encoder() -> onnx.ModelProto:
    """Return the bank alone, 3,360 numbers an image: the basis is computed from it."""
    bank = filter_bank()
    row = bank.graph.op("Concat", *bank.blocks, axis=1)
    return bank.graph.model(SOURCE, SIZE, row, bank.width)


def encoder(mean: NDArray[np.float32], basis: NDArray[np.float16]) -> onnx.ModelProto:
    """Return the bank with its basis: (3360,) and (3360, k) make k numbers an image."""
    bank = filter_bank()
    g = bank.graph
    row = g.op("Sub", g.op("Concat", *bank.blocks, axis=1), g.floats(mean))
    wide = g.op("Cast", g.constant(basis), to=onnx.TensorProto.FLOAT)
    return g.model(SOURCE, SIZE, g.op("MatMul", row, wide), basis.shape[1])
