"""Write ONNX graphs: every call adds one node and returns the name of its result."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 9  # supported by every onnxruntime since 1.15


class Graph:
    """Nodes and constants in the order in which they were added; tensors are identified by name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def _fresh(self, kind: str) -> str:
        return f"{kind.lower()}_{len(self._nodes) + len(self._constants)}"

    def constant(self, values: NDArray[Any]) -> str:
        """Add an array unchanged, in its own number format."""
        name = self._fresh("constant")
        self._constants.append(numpy_helper.from_array(values, name))
        return name

    def floats(self, values: ArrayLike) -> str:
        """Add a float32 constant."""
        return self.constant(np.asarray(values, np.float32))

    def integers(self, *values: int) -> str:
        """Add a vector of int64, the format of shapes, axes and pads."""
        return self.constant(np.asarray(values, np.int64))

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one result."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        """Add a node with several results."""
        name = self._fresh(kind)
        outputs = [f"{name}_{i}" for i in range(count)]
        self._nodes.append(helper.make_node(kind, list(inputs), outputs, **attributes))
        return outputs

    def reshape(self, tensor: str, *shape: int) -> str:
        """Reshape; 0 keeps a dimension as it is."""
        return self.op("Reshape", tensor, self.integers(*shape))

    def channels(self, tensor: str, start: int, stop: int) -> str:
        """Take the channels from `start` up to `stop` of an NCHW tensor."""
        one = self.integers(1)
        return self.op("Slice", tensor, self.integers(start), self.integers(stop), one, one)

    def reflect(self, tensor: str, margin: int) -> str:
        """Mirror an NCHW image over its borders, so that the frame makes no false edge."""
        pads = self.integers(0, 0, margin, margin, 0, 0, margin, margin)
        return self.op("Pad", tensor, pads, mode="reflect")

    def pool(self, tensor: str, side: int) -> str:
        """Average over tiles of side x side pixels."""
        return self.op("AveragePool", tensor, kernel_shape=[side, side], strides=[side, side])

    def unit(self, rows: str) -> str:
        """Scale every row to length one."""
        return self.op("LpNormalization", rows, axis=1, p=2)

    def model(
        self, source: str, size: int, result: str, width: int, name: str = "filter_bank"
    ) -> onnx.ModelProto:
        """Finish the graph: uint8 (n, size, size, 3) in, float32 (n, width) out; checked."""
        nodes = [*self._nodes, helper.make_node("Identity", [result], ["features"])]
        graph = helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info(source, TensorProto.UINT8, ["n", size, size, 3])],
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", width])],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="likewise")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model
