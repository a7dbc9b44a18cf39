"""The engine: pictures to features, features to a head with its gate, and the very first image."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dashboard.engine.encoder import Encoder, session_options
from dashboard.engine.prior import ASSETS, BUILTIN
from dashboard.engine.training import fit
from dashboard.engine.training_set import TrainingSet, TypeData
from dashboard.files.images import decode_for_encoder
from dashboard.files.limits import ImageLimits
from tests.bench import reference
from tests.bench.figures import ROUNDS, at_least, at_most, ratio_of_medians, seconds
from tests.pictures import photos

PICTURES = 300
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


def main() -> None:
    """Print `engine.fit`, its memory, `engine.extract` and `engine.ready`."""
    with tempfile.TemporaryDirectory() as data:
        # The engine needs no settings; how much memory decoding may take is one.
        os.environ |= {"LIKEWISE_DATA": data, "LIKEWISE_ENV": os.devnull}
        os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
        _measure()


def _measure() -> None:
    at_most("engine.fit", _fit(), 250.0)
    at_most("engine.fit.gigabytes", _peak_memory(), 1.00)
    at_least("engine.extract", _extract(), 0.90)
    at_most("engine.ready", _ready(), 3.00)


def _fit() -> float:
    """Head with gate over one product of the features with themselves, on the same threads."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(GROUPS), IMAGES // GROUPS)
    centres = rng.normal(size=(GROUPS, 512)) * np.linspace(2, 0, 512)
    features = (centres[groups] + rng.normal(size=(IMAGES, 512))).astype(np.float16)
    nothing = np.zeros(IMAGES, np.bool_)
    data = TypeData("product", "Product", features, groups, np.arange(IMAGES), nothing)
    training_set = TrainingSet(BUILTIN, (data,))
    wide = features.astype(np.float32)

    def train() -> None:
        model = fit(training_set, progress=lambda *_: None, cancelled=lambda: False)
        if not model.heads[0].report["verdict"]["verified"]:
            raise RuntimeError("the gate was not asked")

    def products() -> float:
        return statistics.median(seconds(lambda: wide.T @ wide) for _ in range(20))

    return ratio_of_medians(lambda: seconds(train), products)


def _peak_memory() -> float:
    """Gigabytes that this process has held at most: all of it, not only the fit."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def _extract() -> float:
    """Pictures a second from stored bytes to features, over the bare loop's."""
    files, encoder, limits = photos(PICTURES, size=(800, 600)), Encoder.builtin(), ImageLimits()
    session = reference.session(GRAPH, session_options())

    def one(data: bytes) -> int:
        picture = decode_for_encoder(data, limits=limits)
        return encoder.features(encoder.prepare(picture)[None]).size

    def ours() -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            if sum(pool.map(one, files)) != PICTURES * encoder.dimension:
                raise RuntimeError("a picture has no features")

    bare = lambda: seconds(lambda: reference.features(files, session, encoder.size))  # noqa: E731
    return ratio_of_medians(bare, lambda: seconds(ours))


def _ready() -> float:
    """A new process's time to the first descriptor over that to a bare session's first run."""
    bare = reference.FIRST_RUN.format(graph=GRAPH)
    return ratio_of_medians(lambda: _printed(FIRST_IMAGE), lambda: _printed(bare), ROUNDS * 2)


def _printed(program: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return float(done.stdout)
