"""Writes weights as torch's first format has them, without torch."""

import collections
import io
import pickle
import struct
import sys
from types import ModuleType
from typing import Any

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C


def _type(name: str) -> type:
    return type(name, (), {"__module__": "torch"})


STORAGES = {np.dtype("<f4"): _type("FloatStorage"), np.dtype("<i8"): _type("LongStorage")}


def _rebuild_tensor_v2() -> None:
    """Stand in for torch's: only its name is written."""


_rebuild_tensor_v2.__module__ = "torch._utils"


class Storage:
    def __init__(self, key: str, flat: np.ndarray) -> None:
        self.key, self.flat = key, flat


class Tensor:
    """A view of a storage, as torch pickles it."""

    def __init__(self, storage: Storage, offset: int, shape: tuple, strides: tuple) -> None:
        self.parts = (storage, offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self) -> tuple:
        return _rebuild_tensor_v2, self.parts


class _Pickler(pickle.Pickler):
    def persistent_id(self, thing: Any) -> Any:
        if isinstance(thing, Storage):
            kind = STORAGES[thing.flat.dtype]
            return "storage", kind, thing.key, "cpu", len(thing.flat), None
        return None


def tensors_of(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Give each array a storage of its own."""
    found = {}
    for number, (name, array) in enumerate(arrays.items()):
        whole = array.copy(order="C")
        steps = tuple(step // whole.itemsize for step in whole.strides)
        found[name] = Tensor(Storage(f"key-{number}", whole.ravel()), 0, whole.shape, steps)
    return found


def pth(tensors: dict[str, Any]) -> bytes:
    """Write a file of tensors, or of whatever else is among them."""
    storages = {t.parts[0].key: t.parts[0] for t in tensors.values() if isinstance(t, Tensor)}
    file = io.BytesIO()
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    for kind in STORAGES.values():
        setattr(torch, kind.__name__, kind)
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    there = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules |= {"torch": torch, "torch._utils": utils}
    try:
        sizes = {"little_endian": True, "type_sizes": {"int": 4}}
        for thing in (MAGIC, 1001, sizes, collections.OrderedDict(tensors), sorted(storages)):
            _Pickler(file, 2).dump(thing)
    finally:
        for name, module in there.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    for key in sorted(storages):
        flat = storages[key].flat
        file.write(struct.pack("<q", len(flat)) + flat.tobytes())
    return file.getvalue()
