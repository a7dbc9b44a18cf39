"""Read the weights of a `.pth` file in torch's first format, without torch.

The format is a row of pickles (magic number, protocol, sizes, the tensors, the storages' keys),
then the storages' numbers (torch/serialization.py, `_legacy_load`). A pickle may name any function
of any module to be called; this reader allows the few names that weights need, and refuses others.
"""

import collections
import pickle
from collections.abc import Mapping
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]

# Errors of an unpickler for bytes that are not a pickle, or not of the expected kind.
DAMAGED = (
    pickle.UnpicklingError, EOFError, LookupError, TypeError, AttributeError, ValueError,
    OverflowError,
)  # fmt: skip
MAGIC = 0x1950A86A20F9469CFC6C
COUNT_BYTES = 8  # before each storage's numbers is their count
NUMBERS: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "LongStorage": np.dtype("<i8"),
}


class UnreadableWeights(Exception):
    """The file does not have weights in this format, or has more than weights."""


class _Storage(NamedTuple):
    """A run of numbers that follows later in the file."""

    key: str
    numbers: np.dtype[Any]
    length: int


class _Tensor(NamedTuple):
    """The layout of a tensor in its storage; offset and strides count numbers."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def taken_from(self, flat: NDArray[Any]) -> NDArray[Any]:
        """Return the tensor's numbers. Refuses a shape that exceeds the storage."""
        steps = zip(self.shape, self.strides, strict=True)
        last = self.offset + sum((size - 1) * stride for size, stride in steps)
        if min((self.offset, *self.strides)) < 0 or (0 not in self.shape and last >= len(flat)):
            raise UnreadableWeights("A tensor reaches out of its storage.")
        strides = [stride * flat.itemsize for stride in self.strides]
        view = np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, strides)
        return view.copy()


def _tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    """Replace torch's function with the same arguments; gradients and hooks are ignored."""
    return _Tensor(storage, offset, shape, strides)


class _Reader(pickle.Unpickler):
    """Reads dictionaries of tensors and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the object of a name. Refuses every name that weights do not need."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in NUMBERS:
            return name
        raise UnreadableWeights(f"The file asks for {module}.{name}, which is not a weight.")

    def persistent_load(self, saved: Any) -> _Storage:
        """Return the storage that a tensor names; its numbers are read later."""
        kind, numbers, key, _device, count, view = saved
        if kind != "storage" or view is not None:
            raise UnreadableWeights(f"The file holds a {kind}, or a part of a storage.")
        return _Storage(key, NUMBERS[numbers], count)


def read_weights(data: bytes) -> Weights:
    """Return the tensors of a `.pth` file by name. Raises `UnreadableWeights`."""
    file = BytesIO(data)
    try:
        if _Reader(file).load() != MAGIC:
            raise UnreadableWeights("The file is not in torch's first format.")
        _Reader(file).load(), _Reader(file).load()  # the protocol; how wide numbers are
        tensors, keys = _Reader(file).load(), _Reader(file).load()
        return _filled(dict(tensors), keys, file)
    except DAMAGED as error:
        raise UnreadableWeights("The file is damaged, or holds more than weights.") from error


def _filled(tensors: Mapping[str, _Tensor], keys: list[str], file: BytesIO) -> Weights:
    """Read the storages in the order of their keys, and take each tensor from its own."""
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    numbers = {key: _numbers(storages[key], file) for key in keys}
    if file.read(1):
        raise UnreadableWeights("Something follows the last of the weights.")
    return {
        name: tensor.taken_from(numbers[tensor.storage.key]) for name, tensor in tensors.items()
    }


def _numbers(storage: _Storage, file: BytesIO) -> NDArray[Any]:
    count = file.read(COUNT_BYTES)
    data = file.read(storage.length * storage.numbers.itemsize)
    whole = len(data) == storage.length * storage.numbers.itemsize
    if count != storage.length.to_bytes(COUNT_BYTES, "little") or not whole:
        raise UnreadableWeights("The file ends too early, or miscounts its numbers.")
    return np.frombuffer(data, storage.numbers)
