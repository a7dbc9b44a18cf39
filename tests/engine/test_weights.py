import os
from pathlib import Path

import numpy as np
import pytest

from dashboard.engine.build.weights import UnreadableWeights, read_weights
from tests.engine.pth import Storage, Tensor, pth, tensors_of


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "conv.weight": rng.normal(size=(4, 3, 2, 2)).astype(np.float32),
        "bn.num_batches_tracked": np.array(12, np.int64),
        "empty": np.zeros((0, 3), np.float32),
    }


def test_it_reads_what_torch_writes(arrays):
    read = read_weights(pth(tensors_of(arrays)))

    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


def test_two_tensors_may_be_views_of_one_storage():
    storage = Storage("one", np.arange(12, dtype=np.float32))
    turned = Tensor(storage, 2, (2, 3), (1, 3))

    read = read_weights(pth({"all": Tensor(storage, 0, (12,), (1,)), "turned": turned}))

    assert read["all"].tolist() == list(range(12))
    assert read["turned"].tolist() == [[2, 5, 8], [3, 6, 9]]


class Calls:
    """Pickled as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_nothing_in_the_file_is_run(arrays, tmp_path):
    made = tmp_path / "made"
    data = pth({**tensors_of(arrays), "evil": Calls(os.mkdir, str(made))})

    with pytest.raises(UnreadableWeights, match=r"mkdir, which is not a weight"):
        read_weights(data)
    assert not made.exists()


@pytest.mark.parametrize("function", [eval, print, Path, getattr, __import__, bytearray])
def test_no_name_but_those_of_weights_is_known(function):
    with pytest.raises(UnreadableWeights, match="not a weight"):
        read_weights(pth({"evil": Calls(function, "1")}))


def test_what_is_no_tensor_is_refused(arrays):
    with pytest.raises(UnreadableWeights):
        read_weights(pth({**tensors_of(arrays), "note": "made by me"}))


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (13,), (1,)), (1, (12,), (1,)), (0, (4, 4), (4, 1)), (-1, (2,), (1,)), (5, (2,), (-1,))],
)
def test_a_tensor_stays_in_its_storage(offset, shape, strides):
    storage = Storage("one", np.arange(12, dtype=np.float32))

    with pytest.raises(UnreadableWeights, match="reaches out"):
        read_weights(pth({"wide": Tensor(storage, offset, shape, strides)}))


def test_a_file_that_was_cut_off_is_refused(arrays):
    data = pth(tensors_of(arrays))

    for end in (0, 1, 20, len(data) // 2, len(data) - 1):
        with pytest.raises(UnreadableWeights):
            read_weights(data[:end])


@pytest.mark.parametrize("data", [b"PK\x03\x04 the later format", b"\x80\x02K\x07.", b"GIF89a"])
def test_another_format_is_refused(data):
    with pytest.raises(UnreadableWeights):
        read_weights(data)


def test_what_follows_the_weights_is_refused(arrays):
    with pytest.raises(UnreadableWeights, match="follows the last"):
        read_weights(pth(tensors_of(arrays)) + b"\0")
