"""Build `photo-1` as an ONNX graph: EfficientNet-Lite0 up to the roots of its pooled features.

The architecture is EfficientNet (Tan and Le, 2019) as Google published it for small devices: no
squeeze-and-excitation, ReLU6 for swish, stem and head of one width for all sizes. Weights are
stored at half precision; batch norms are folded into the convolutions before.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from dashboard.engine.build.graph import Graph
from dashboard.engine.build.weights import Weights
from dashboard.engine.preprocess import PHOTO_SIZE

SOURCE = "image"
EPSILON = 1e-3  # of the batch norms
MIDDLE, SPAN = 127.0, 128.0  # these scale bytes to about -1..1
CLASSIFIER = ("_fc.weight", "_fc.bias")
MOMENTS = ("weight", "bias", "running_mean", "running_var")


class Stage(NamedTuple):
    """A row of inverted residual blocks; the first of them has the stride."""

    repeats: int
    kernel: int
    stride: int
    expand: int


STAGES = (
    Stage(1, 3, 1, 1),
    Stage(2, 3, 2, 6),
    Stage(2, 5, 2, 6),
    Stage(3, 3, 2, 6),
    Stage(3, 5, 1, 6),
    Stage(4, 5, 2, 6),
    Stage(1, 3, 1, 6),
)


class Network:
    """Builds the graph block by block from the weights, and records which of them were used."""

    def __init__(self, weights: Weights) -> None:
        self.graph = Graph()
        self.used: set[str] = set()
        self._weights = weights

    def _half(self, values: NDArray[np.float64]) -> str:
        """Add a constant at half precision; onnxruntime widens it once, when it loads the graph."""
        stored = self.graph.constant(values.astype(np.float16))
        return self.graph.op("Cast", stored, to=onnx.TensorProto.FLOAT)

    def _taken(self, name: str) -> NDArray[np.float64]:
        self.used.add(name)
        return self._weights[name].astype(np.float64)

    def convolution(self, tensor: str, name: str, norm: str, *, stride: int = 1) -> str:
        """Add a convolution with its batch norm; one with one input channel each is depthwise.

        Sides are even wherever there is a stride, so that the padding of TensorFlow's "SAME", with
        which the weights were trained, does not depend on the image's size.
        """
        kernels = self._taken(f"{name}.weight")
        gamma, beta, mean, variance = (self._taken(f"{norm}.{moment}") for moment in MOMENTS)
        self.used.add(f"{norm}.num_batches_tracked")
        scale = gamma / np.sqrt(variance + EPSILON)
        side = kernels.shape[-1]
        before = (side - stride) // 2
        after = side - stride - before
        return self.graph.op(
            "Conv",
            tensor,
            self._half(kernels * scale[:, None, None, None]),
            self._half(beta - mean * scale),
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=len(kernels) if kernels.shape[1] == 1 else 1,
        )

    def relu6(self, tensor: str) -> str:
        """Clip below 0 and above 6."""
        return self.graph.op("Clip", tensor, self.graph.floats(0.0), self.graph.floats(6.0))

    def block(self, tensor: str, name: str, stage: Stage, stride: int) -> str:
        """Add an inverted residual block: widen, filter each channel, narrow; add the input."""
        inner = tensor
        if stage.expand > 1:
            widened = self.convolution(inner, f"{name}._expand_conv", f"{name}._bn0")
            inner = self.relu6(widened)
        depthwise = f"{name}._depthwise_conv"
        inner = self.relu6(self.convolution(inner, depthwise, f"{name}._bn1", stride=stride))
        result = self.convolution(inner, f"{name}._project_conv", f"{name}._bn2")
        first = f"{name}.{'_expand_conv' if stage.expand > 1 else '_depthwise_conv'}.weight"
        came = self._weights[first].shape[1 if stage.expand > 1 else 0]
        left = self._weights[f"{name}._project_conv.weight"].shape[0]
        return self.graph.op("Add", result, tensor) if (stride, came) == (1, left) else result


def network(
    weights: Weights, stages: Sequence[Stage] = STAGES, size: int = PHOTO_SIZE
) -> onnx.ModelProto:
    """Build the network: uint8 (n, size, size, 3) in, rows (n, width) of unit length out.

    A row has the roots of the pooled features, which are never negative: the Hellinger map of
    histograms (Arandjelovic and Zisserman, 2012). `size` is a multiple of 32. Raises ValueError if
    a weight has no place in the network.
    """
    net = Network(weights)
    g = net.graph
    scaled = g.op("Sub", g.op("Cast", SOURCE, to=onnx.TensorProto.FLOAT), g.floats(MIDDLE))
    planes = g.op("Transpose", g.op("Mul", scaled, g.floats(1 / SPAN)), perm=[0, 3, 1, 2])
    tensor = net.relu6(net.convolution(planes, "_conv_stem", "_bn0", stride=2))
    strides = [(one, one.stride if n == 0 else 1) for one in stages for n in range(one.repeats)]
    for number, (stage, stride) in enumerate(strides):
        tensor = net.block(tensor, f"_blocks.{number}", stage, stride)
    tensor = net.relu6(net.convolution(tensor, "_conv_head", "_bn1"))
    pooled = g.op("Flatten", g.op("GlobalAveragePool", tensor), axis=1)
    answers = g.unit(g.op("Sqrt", pooled))
    if left := set(weights) - net.used - set(CLASSIFIER):
        raise ValueError(f"No place in the network for {', '.join(sorted(left))}.")
    width = len(weights["_conv_head.weight"])
    return g.model(SOURCE, size, answers, width, name="efficientnet_lite0")
