"""Small graphs of the three shapes that people export, with random weights."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


def _model(nodes, inputs, outputs, weights) -> bytes:
    graph = helper.make_graph(
        nodes,
        "own",
        inputs,
        outputs,
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _random(seed: int, *shape: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=shape) / np.sqrt(np.prod(shape[1:]))
    return rows.astype(np.float32)


def resnet_like(side: int = 64) -> bytes:
    """Two convolutions with a skip, pooled: a vector (1, 48) from (1, 3, side, side)."""
    weights = {
        "stem": _random(1, 24, 3, 7, 7),
        "block": _random(2, 24, 24, 3, 3),
        "head": _random(3, 24, 48),
    }
    nodes = [
        helper.make_node("Conv", ["pixel_values", "stem"], ["a"], strides=[4, 4], pads=[3] * 4),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "block"], ["c"], pads=[1] * 4),
        helper.make_node("Add", ["b", "c"], ["d"]),
        helper.make_node("Relu", ["d"], ["e"]),
        helper.make_node("GlobalAveragePool", ["e"], ["f"]),
        helper.make_node("Flatten", ["f"], ["g"]),
        helper.make_node("MatMul", ["g", "head"], ["embedding"]),
    ]
    return _model(
        nodes,
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 48])],
        weights,
    )


def vit_like(side: int = 64, patch: int = 16, width: int = 32) -> bytes:
    """Patches, one attention, tokens out: (batch, tokens, width), the first token is the class."""
    count = (side // patch) ** 2
    weights = {
        "patches": _random(4, width, 3, patch, patch),
        "class": _random(5, 1, 1, width),
        "positions": _random(6, 1, count + 1, width),
        "query": _random(7, width, width),
        "key": _random(8, width, width),
        "value": _random(9, width, width),
        "flat": np.array([0, width, count], np.int64),
        "batch": np.array([0], np.int64),
        "one": np.array([1, 1], np.int64),
        "axis": np.array([0], np.int64),
    }
    nodes = [
        helper.make_node("Conv", ["pixel_values", "patches"], ["p"], strides=[patch, patch]),
        helper.make_node("Reshape", ["p", "flat"], ["q"]),
        helper.make_node("Transpose", ["q"], ["r"], perm=[0, 2, 1]),
        helper.make_node("Shape", ["r"], ["shape"], start=0, end=1),
        helper.make_node("Concat", ["shape", "one"], ["times"], axis=0),
        helper.make_node("Tile", ["class", "times"], ["classes"]),
        helper.make_node("Concat", ["classes", "r"], ["s"], axis=1),
        helper.make_node("Add", ["s", "positions"], ["t"]),
        helper.make_node("MatMul", ["t", "query"], ["tq"]),
        helper.make_node("MatMul", ["t", "key"], ["tk"]),
        helper.make_node("MatMul", ["t", "value"], ["tv"]),
        helper.make_node("Transpose", ["tk"], ["tkt"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["tq", "tkt"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["attention"], axis=-1),
        helper.make_node("MatMul", ["attention", "tv"], ["mixed"]),
        helper.make_node("Add", ["t", "mixed"], ["last_hidden_state"]),
    ]
    del weights["batch"], weights["axis"]
    return _model(
        nodes,
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, side, side])],
        [
            helper.make_tensor_value_info(
                "last_hidden_state", TensorProto.FLOAT, ["n", count + 1, width]
            )
        ],
        weights,
    )


def dynamic() -> bytes:
    """A map of features from a picture of any size, uint8, colours last: (n, h, w, 3)."""
    weights = {"kernel": _random(10, 40, 3, 5, 5), "scale": np.array(1 / 255, np.float32)}
    nodes = [
        helper.make_node("Cast", ["images"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["f", "scale"], ["g"]),
        helper.make_node("Transpose", ["g"], ["h"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["h", "kernel"], ["i"], strides=[3, 3]),
        helper.make_node("Relu", ["i"], ["j"]),
        helper.make_node("Transpose", ["j"], ["map"], perm=[0, 2, 3, 1]),
    ]
    return _model(
        nodes,
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", "h", "w", 3])],
        [helper.make_tensor_value_info("map", TensorProto.FLOAT, ["n", "oh", "ow", 40])],
        weights,
    )


def two_inputs() -> bytes:
    """An image and a text: refused."""
    nodes = [helper.make_node("Add", ["image", "text"], ["sum"])]
    shape = [1, 3, 32, 32]
    return _model(
        nodes,
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name in ("image", "text")
        ],
        [helper.make_tensor_value_info("sum", TensorProto.FLOAT, shape)],
        {},
    )


def constant(side: int = 32, numbers: int = 8, *, value: float = 1.0) -> bytes:
    """The same numbers for every picture; NaN for `value=nan`."""
    weights = {"zero": np.zeros((3, numbers), np.float32), "rest": np.full(numbers, value, "f4")}
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["a"]),
        helper.make_node("Flatten", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "zero"], ["c"]),
        helper.make_node("Add", ["c", "rest"], ["y"]),
    ]
    return _model(
        nodes,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, numbers])],
        weights,
    )


def gluttonous(gigabytes: int) -> bytes:
    """A file of a kilobyte that expands one number to gigabytes and sums them up."""
    weights = {
        "shape": np.array([gigabytes, 3, 1 << 14, (1 << 14) // 3], np.int64),
        "axes": np.array([0], np.int64),
        "head": _random(9, 3, 48),
    }
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values"], ["mean"], axes=[2, 3], keepdims=1),
        helper.make_node("Expand", ["mean", "shape"], ["huge"]),
        helper.make_node("Sin", ["huge"], ["written"]),
        helper.make_node("ReduceSum", ["written", "axes"], ["less"], keepdims=1),
        helper.make_node("ReduceMean", ["less"], ["small"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["small", "head"], ["embedding"]),
    ]
    return _model(
        nodes,
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 48])],
        weights,
    )
