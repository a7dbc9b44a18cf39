"""The fastest plain code that does the same work: no database, no web, no safety."""

import hashlib
import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import onnxruntime
import requests
from numpy.typing import NDArray
from PIL import Image
from requests.adapters import HTTPAdapter

from dashboard.engine.encoder import session_options
from dashboard.engine.preprocess import PHOTO_KEPT
from dashboard.engine.prior import ASSETS, PHOTO

STORED, THUMBNAIL = 600, 256


def ingest(files: Sequence[bytes]) -> int:
    """Hash, decode and make the two pictures of every JPEG, one thread a core; counts bytes."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(_ingest_one, files))


def _ingest_one(data: bytes) -> int:
    hashlib.sha256(data).hexdigest()
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (STORED, STORED))
    image.load()
    scale = min(1.0, STORED / min(image.size))
    stored = image.resize(_scaled(image.size, scale), Image.Resampling.HAMMING)
    scale = THUMBNAIL / max(stored.size)
    thumbnail = stored.resize(_scaled(stored.size, scale), Image.Resampling.HAMMING)
    return _size(stored, 90) + _size(thumbnail, 80)


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return round(size[0] * scale), round(size[1] * scale)


def _size(image: Image.Image, quality: int) -> int:
    # Into a descriptor: Pillow releases the interpreter lock for that alone.
    with os.fdopen(os.memfd_create("picture"), "w+b", buffering=0) as file:
        image.save(file, "JPEG", quality=quality)
        return len(os.pread(file.fileno(), file.tell(), 0))


class Bare(NamedTuple):
    """A graph loaded, its input's name, its squares' side, what shares of a picture they show."""

    session: onnxruntime.InferenceSession
    input: str
    side: int
    kept: tuple[float, ...]


def features(files: Sequence[bytes], graphs: Sequence[Bare]) -> int:
    """Decode every JPEG small, scale it and run the graphs, one thread a core; counts numbers."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(lambda data: sum(one.size for one in answers(data, graphs)), files))


def answers(data: bytes, graphs: Sequence[Bare]) -> list[NDArray[np.float32]]:
    """Decode a JPEG once, twice as large as the largest square, and run each graph on it."""
    image = Image.open(io.BytesIO(data))
    largest = max(graph.side for graph in graphs)
    image.draft("RGB", (2 * largest, 1))
    return [_answer(image, graph) for graph in graphs]


def _answer(image: Image.Image, graph: Bare) -> NDArray[np.float32]:
    squares = np.stack([_square(image, graph.side, kept) for kept in graph.kept])
    answer: NDArray[np.float32] = graph.session.run(None, {graph.input: squares})[0].mean(axis=0)
    return answer


def _square(image: Image.Image, side: int, kept: float) -> NDArray[np.uint8]:
    cut = [length * (1 - kept) / 2 for length in image.size]
    box = (*cut, image.width - cut[0], image.height - cut[1])
    halves = side / (max(image.size) * kept) < 0.5
    kind = Image.Resampling.BOX if halves else Image.Resampling.BILINEAR
    return np.asarray(image.resize((side, side), kind, box=box))


def graph(key: str) -> Bare:
    """Load a shipped graph, for the CPU, as the program loads it."""
    session = onnxruntime.InferenceSession(
        str(ASSETS / f"{key}.onnx"), session_options(), providers=["CPUExecutionProvider"]
    )
    taken = session.get_inputs()[0]
    return Bare(session, taken.name, taken.shape[1], PHOTO_KEPT if key == PHOTO else (1.0,))


FIRST_RUN = """
import time
started = time.perf_counter()
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession({graph!r}, options, providers=["CPUExecutionProvider"])
session.run(None, {{session.get_inputs()[0].name: numpy.zeros((1, 128, 128, 3), numpy.uint8)}})
print(time.perf_counter() - started)
"""


def downloaded(links: Sequence[str], threads: int) -> int:
    """Download all links over connections that are kept open, and hash them; counts bytes."""
    with requests.Session() as session, ThreadPoolExecutor(threads) as pool:
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=threads)
        session.mount("http://", adapter)
        return sum(pool.map(lambda link: _hashed(session, link), links))


def _hashed(session: requests.Session, link: str) -> int:
    answer = session.get(link, timeout=60)
    answer.raise_for_status()
    hashlib.sha256(answer.content).hexdigest()
    return len(answer.content)
