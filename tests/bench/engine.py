"""The engine: pictures to features, features to a head with its gate, and the very first image.

What is said of an encoder is said of the default one, which is both, unless it names another.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.encoder import PairEncoder, PictureEncoder
from dashboard.engine.prior import ASSETS, BOTH, BUILTIN, PHOTO
from dashboard.engine.training import fit
from dashboard.engine.training_set import TrainingSet, TypeData
from dashboard.files.images.images import decode_for_encoder
from dashboard.files.limits import ImageLimits
from tests.bench import reference
from tests.bench.figures import ROUNDS, at_least, at_most, ratio_of_medians, seconds, told
from tests.pictures import photos

PICTURES, SIZE = 300, (800, 600)
IMAGES, GROUPS = 10_000, 1_000
GRAPH = str(ASSETS / f"{BUILTIN}.onnx")
FIRST_IMAGE = """
import time
started = time.perf_counter()
from PIL import Image
from dashboard.engine.encoder import Encoder
from dashboard.engine.prior import builtin_prior
from dashboard.engine.trained_model import untrained_model
encoder = Encoder.builtin()
square = encoder.prepare(Image.new("RGB", (600, 400)))
untrained_model(builtin_prior()).describe(encoder.features(square[None]))
print(time.perf_counter() - started)
"""
LOADED = ("Encoder.builtin()", "PairEncoder.shipped()")
HELD = """
from PIL import Image
from dashboard.engine.encoder import Encoder, PairEncoder
encoder = {encoder}
encoder.encode(Image.new("RGB", (800, 600)))
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS")))
"""


def main() -> None:
    """Print how long a fit, the first image and all others take, and how much memory."""
    with tempfile.TemporaryDirectory() as data:
        # The engine needs no settings; how much memory decoding may take is one.
        os.environ |= {"LIKEWISE_DATA": data, "LIKEWISE_ENV": os.devnull}
        os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
        _measure()


def _measure() -> None:
    at_most("engine.fit", _fit(BUILTIN, encoders=1), 250.0)
    at_most("engine.fit.gigabytes", _peak_memory(), 1.00)
    at_most("engine.fit_both", _fit(BOTH, encoders=2), 600.0)
    files = photos(PICTURES, size=SIZE)
    pair = PairEncoder.shipped()
    at_least("engine.extract", _extract(files, pair), 0.90)
    at_most("engine.both", _both(files, pair), 3.00)
    at_most("engine.ready", _ready(), 3.00)
    alone, both = (float(_printed(HELD.format(encoder=one))) for one in LOADED)
    told("engine.megabytes", alone, "MB of a process that has the built-in encoder loaded")
    told("engine.both.megabytes", both, "MB of one that has both")


def _fit(key: str, encoders: int) -> float:
    """Head with gate over one product of 512 features with themselves, on the same threads."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(GROUPS), IMAGES // GROUPS)
    halves = [_features(groups, rng) for _ in range(encoders)]
    nothing = np.zeros(IMAGES, np.bool_)
    data = TypeData("product", "Product", np.hstack(halves), groups, np.arange(IMAGES), nothing)
    training_set = TrainingSet(key, (data,))
    wide = halves[0].astype(np.float32)

    def train() -> None:
        model = fit(training_set)
        if not model.heads[0].report["verdict"]["verified"]:
            raise RuntimeError("the gate was not asked")

    def products() -> float:
        return statistics.median(seconds(lambda: wide.T @ wide) for _ in range(20))

    return ratio_of_medians(lambda: seconds(train), products)


def _features(groups: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float16]:
    """Draw what an encoder could say of images (n,) of these groups, (n, 512)."""
    centres = rng.normal(size=(GROUPS, 512)) * np.linspace(2, 0, 512)
    return (centres[groups] + rng.normal(size=(len(groups), 512))).astype(np.float16)


def _peak_memory() -> float:
    """Gigabytes that this process has held at most: all of it, not only the fit."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def _extract(files: list[bytes], pair: PairEncoder) -> float:
    """Pictures a second from stored bytes to features, over the bare loop's."""
    graphs = [reference.graph(key) for key in (BUILTIN, PHOTO)]
    return ratio_of_medians(
        lambda: seconds(lambda: reference.features(files, graphs)),
        lambda: seconds(lambda: _encode(files, pair)),
    )


def _both(files: list[bytes], pair: PairEncoder) -> float:
    """Seconds from stored bytes to the features of both, over those of the built-in alone."""
    return ratio_of_medians(
        lambda: seconds(lambda: _encode(files, pair)),
        lambda: seconds(lambda: _encode(files, pair.parts[0])),
    )


def _encode(files: list[bytes], encoder: PictureEncoder) -> None:
    """Do what the worker does with stored images, less reading and writing."""
    limits = ImageLimits()

    def one(data: bytes) -> int:
        shown = decode_for_encoder(data, side=encoder.size, limits=limits)
        return encoder.encode(shown).size

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        if sum(pool.map(one, files)) != len(files) * encoder.dimension:
            raise RuntimeError("a picture has no features")


def _ready() -> float:
    """A new process's time to the first descriptor over that to a bare session's first run."""
    bare = reference.FIRST_RUN.format(graph=GRAPH)
    return ratio_of_medians(lambda: _printed(FIRST_IMAGE), lambda: _printed(bare), ROUNDS * 2)


def _printed(program: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return float(done.stdout)
