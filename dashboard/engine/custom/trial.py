"""Test a graph on a few drawn images before anything depends on it."""

import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashboard.engine.build.drawing.pictures import Amounts, pictures
from dashboard.engine.custom.graph import Graph
from dashboard.engine.custom.preprocessing import Preprocessing
from dashboard.engine.errors import UnfitEncoder
from dashboard.engine.heads import unit_rows

PICTURES = 16
MOST_TURNS = 12
STORED_SIZE, QUALITY = (800, 600), 90
LONGEST_SECONDS = 30.0
LARGEST_DIMENSION = 16_384
ALIKE = 0.9999  # closer than this, a graph distinguishes nothing
SAME = 1e-3  # two runs of one image may differ by this much
# One view each, so that all sixteen show different things.
_FEW = Amounts(
    things=8,
    thing_views=1,
    forms=8,
    palettes=8,
    finishes=8,
    signs=8,
    skeletons=8,
    hands=8,
    fields=1,
    regions=1,
    region_views=1,
)


@dataclass(frozen=True)
class Trial:
    """The results for sixteen images; `seconds` is the median for one, on one thread."""

    dimension: int
    seconds: float


def try_graph(graph: Graph, preprocessing: Preprocessing) -> Trial:
    """Encode sixteen different images, and one of them twice.

    Raises `UnfitEncoder` if the numbers are not finite, too many, not the same for the same image,
    or hardly different for different ones.
    """
    answers, seconds = [], []
    for picture in trial_pictures():
        started = time.perf_counter()
        pixels = preprocessing.pixels(picture)
        answers.append(graph.answer(preprocessing.values(pixels, graph.input)))
        seconds.append(time.perf_counter() - started)
        if seconds[-1] > LONGEST_SECONDS:
            raise UnfitEncoder(
                f"One image took {seconds[-1]:.0f} seconds on this machine. Use a smaller encoder."
            )
    again = preprocessing.values(preprocessing.pixels(next(trial_pictures())), graph.input)
    rows = np.stack([*answers, graph.answer(again)])
    _check(rows)
    return Trial(rows.shape[1], float(np.median(seconds)))


def side_by_side(runs: Mapping[str, Callable[[bytes], object]]) -> dict[str, float]:
    """Measure functions of an image's bytes, by name: the median seconds of one run of each.

    The images are JPEGs as they are usually stored. All functions take turns on the same ones, so
    that other load slows all alike; a first turn, which loads and allocates, does not count.
    """
    pictures, seconds = [_jpeg(one) for one in trial_pictures()], {name: [0.0] * 0 for name in runs}
    names, began = list(runs), time.perf_counter()
    for turn in range(1 + MOST_TURNS):
        if turn > 1 and time.perf_counter() - began > LONGEST_SECONDS:
            break
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            started = time.perf_counter()
            runs[name](pictures[turn % len(pictures)])
            if turn:
                seconds[name].append(time.perf_counter() - started)
    return {name: float(np.median(found)) for name, found in seconds.items()}


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.resize(STORED_SIZE).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def trial_pictures() -> Iterator[Image.Image]:
    """Draw sixteen images that show different things."""
    return islice((picture.image for picture in pictures(_FEW)), PICTURES)


def _check(rows: NDArray[np.float32]) -> None:
    """Check the vectors of different images, and of the first one again as the last row."""
    if rows.ndim != 2 or not 2 <= rows.shape[1] <= LARGEST_DIMENSION:
        raise UnfitEncoder(
            f"The graph gives {rows.shape[1:]} numbers per image, but 2 to {LARGEST_DIMENSION} in "
            "one row are needed."
        )
    if not np.isfinite(rows).all():
        raise UnfitEncoder("The graph gives numbers that are not finite.")
    unit = unit_rows(rows.astype(np.float64))
    if np.abs(unit[0] - unit[-1]).max() > SAME:
        raise UnfitEncoder("The graph gives different numbers for the same image the second time.")
    if (unit @ unit.T).min() > ALIKE:
        raise UnfitEncoder(
            "The graph gives nearly equal embeddings for sixteen different images: its "
            "preprocessing (mean, std, size) may be another, or its weights are missing."
        )
