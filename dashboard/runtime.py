"""What this process holds in memory: encoders and trained versions, loaded once, bounded.

Threads that ask for the same thing at the same time wait for one loading of it.
"""

import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePath
from typing import Any, Generic, TypeVar
from uuid import UUID

from dashboard.engine import artifacts
from dashboard.engine.custom import artifact as own_artifact
from dashboard.engine.custom.preparing import Prepared
from dashboard.engine.encoder import Encoder, PairEncoder, PhotoEncoder, PictureEncoder
from dashboard.engine.prior import BOTH, BUILTIN, PHOTO, AnyPrior, prior_of
from dashboard.engine.trained_model import TrainedModel, untrained_model
from dashboard.files.errors import EncoderAbsent
from dashboard.files.store import paths, storage

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# Bounds of a process's memory; what goes is loaded again at its next use.
VERSIONS_HELD = 32
OWN_HELD = 2  # a graph may be hundreds of megabytes


def _nothing(_: Any) -> int:
    return 0


class Cache(Generic[K, V]):
    """At most `size` values by key; the one that was not used for longest goes first.

    With `weigh` they weigh at most `most` together, unless the newest does so alone. While a value
    is loaded, nobody waits who asks for another.
    """

    def __init__(self, size: int, weigh: Callable[[V], int] = _nothing, most: int = 0) -> None:
        self._size = size
        self._weigh = weigh
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()
        self._loading: dict[K, threading.Lock] = {}

    def get(self, key: K, load: Callable[[], V]) -> V:
        """Return the value of a key, loading it if it is not held."""
        while True:
            with self._lock:
                if key in self._values:
                    return self._used(key)
                # A lock for each key: loading an encoder takes long, and hits on others must not
                # wait.
                loading = self._loading.setdefault(key, threading.Lock())
            with loading:
                # The thread that had this lock has loaded the value, or could not: look again.
                if self._loading.get(key) is loading:
                    return self._loaded(key, load)

    def _loaded(self, key: K, load: Callable[[], V]) -> V:
        """Load and hold a value; its lock is done with, even if there is none."""
        try:
            value = load()
            with self._lock:
                self._values[key] = value
                return self._used(key)
        finally:
            with self._lock:
                del self._loading[key]

    def _used(self, key: K) -> V:
        """Return what is held, and make room: values may have grown since they came."""
        self._values.move_to_end(key)
        # Never the last one, however heavy: it was asked for just now.
        while len(self._values) > 1 and self._is_full():
            self._values.popitem(last=False)
        return self._values[key]

    def _is_full(self) -> bool:
        weight = sum(self._weigh(value) for value in self._values.values())
        return len(self._values) > self._size or weight > self._most


_shipped: Cache[str, Encoder] = Cache(2)
_both: Cache[str, PairEncoder] = Cache(1)
_own: Cache[str, Prepared] = Cache(OWN_HELD)
_versions: Cache[UUID, TrainedModel] = Cache(VERSIONS_HELD)


def encoder(key: str = BUILTIN) -> PictureEncoder:
    """Return an encoder by its key; raises `EncoderAbsent` for one that is not registered."""
    if key == BUILTIN:
        return _builtin()
    if key == BOTH:
        return _both.get(key, lambda: PairEncoder(_builtin(), _photo()))
    return own(key).encoder


def _builtin() -> Encoder:
    return _shipped.get(BUILTIN, Encoder.builtin)


def _photo() -> Encoder:
    return _shipped.get(PHOTO, PhotoEncoder.shipped)


def prior(key: str = BUILTIN) -> AnyPrior:
    """Return the prior of an encoder; raises `EncoderAbsent` for one that is not registered."""
    return prior_of(key) if key in (BUILTIN, BOTH) else own(key).prior


def own(key: str) -> Prepared:
    """Return a registered encoder with its prior; raises `EncoderAbsent` if it is not there."""
    return _own.get(key, partial(_load_own, key))


def _load_own(key: str) -> Prepared:
    folder = paths.encoder(key)
    try:
        files = {name: storage.read(f"{folder}/{name}") for name in own_artifact.FILES}
    except FileNotFoundError as error:
        raise EncoderAbsent(key) from error
    return own_artifact.unpacked(files, PurePath(folder))


def version(version_id: UUID, folder: str, encoder_key: str | None = None) -> TrainedModel:
    """Return a trained version from its folder in the storage; a version never changes.

    Raises what `artifacts.load` raises for files that cannot be used.
    """
    return _versions.get(version_id, partial(_load, folder, encoder_key))


def _load(folder: str, encoder_key: str | None) -> TrainedModel:
    # numpy and onnxruntime read files, and the storage may be a bucket.
    with tempfile.TemporaryDirectory() as local:
        for name in (artifacts.ARRAYS, artifacts.MANIFEST):
            # What is missing here is missing there, and `load` says so.
            with suppress(FileNotFoundError):
                Path(local, name).write_bytes(storage.read(f"{folder}/{name}"))
        return artifacts.load(Path(local), encoder=encoder_key)


_untrained: Cache[str, TrainedModel] = Cache(2)


def untrained(key: str = BUILTIN) -> TrainedModel:
    """Return the model of an encoder that works before anybody has trained one."""
    return _untrained.get(key, lambda: untrained_model(prior(key)))
