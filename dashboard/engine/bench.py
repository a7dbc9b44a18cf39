"""Measure similarity on sets of images with known groups: the table of this folder's README.

Open set: trained on the groups that are not held out, through the gate, exactly as the product does
it; then every held-out image searches for its group among the held-out ones.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol, TextIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashboard.engine import baselines
from dashboard.engine.encoder import PictureEncoder
from dashboard.engine.heads import default_recipe, unit_rows
from dashboard.engine.metrics import evaluate, mean
from dashboard.engine.prior import AnyPrior, PairPrior, prior_of
from dashboard.engine.scatter import Integers
from dashboard.engine.training import fit
from dashboard.engine.training_set import TrainingSet, TypeData
from dashboard.engine.ways import Mix, Way, fit_way

CURVE = ((5, 3), (10, 5), (20, 5), (50, 5), (100, 5), (200, 5), (200, 10))  # groups x images
DRAWS = 3
COLUMNS = ("hash", "colours", "features", "untrained", "trained", "delivered")


class PictureSet(Protocol):
    """Images with their group for every similarity type, and which are held out."""

    @property
    def images(self) -> Sequence[Image.Image]:
        """The images, n of them."""
        ...

    @property
    def types(self) -> Mapping[str, Sequence[str]]:
        """The name of every image's group, by the name of the type."""
        ...

    @property
    def held_out(self) -> NDArray[np.bool_]:
        """Marks the images (n,) of groups that share nothing with the others."""
        ...


class Cell(NamedTuple):
    """The quality of a descriptor on unseen groups."""

    recall: float
    precision: float

    def __str__(self) -> str:
        """Return Recall@1 / MAP@R in percent."""
        return f"{100 * self.recall:.1f}/{100 * self.precision:.1f}"


class Row(NamedTuple):
    """One row of the table: a type of a set, a cell for each column, the gate's verdict."""

    name: str
    cells: dict[str, Cell]
    verdict: str


def worth(rows: NDArray[np.floating], groups: Integers) -> Cell:
    """Search with every row (n, d), of unit length, for its group (n,) among the others."""
    scores = evaluate(rows, groups, np.arange(len(groups)))
    return Cell(mean(scores.recall[1]), mean(scores.average_precision))


def type_data(name: str, pictures: PictureSet, features: NDArray[np.floating]) -> TypeData:
    """Return the training data of one similarity type of a set."""
    groups = np.unique(np.array(pictures.types[name]), return_inverse=True)[1].astype(np.int64)
    images = np.arange(len(groups))
    return TypeData(name, name, features, groups, images, np.asarray(pictures.held_out))


def measure(name: str, pictures: PictureSet, encoder: PictureEncoder) -> Iterator[Row]:
    """Yield a row for every similarity type of a set, and none for types without queries."""
    held_out = np.asarray(pictures.held_out)
    features = encoded(pictures.images, encoder)
    unseen = [one for one, held in zip(pictures.images, held_out, strict=True) if held]
    plain = {
        "hash": np.stack([baselines.difference_hash(one) for one in unseen]),
        "colours": np.stack([baselines.colour_histogram(one) for one in unseen]),
        "features": unit_rows(features[held_out].astype(np.float64)),
    }
    for kind in pictures.types:
        data = type_data(kind, pictures, features)
        cells = {column: worth(rows, data.groups[held_out]) for column, rows in plain.items()}
        yield _learned(f"{name}: {kind}", data, cells, prior_of(encoder.key))


def encoded(
    images: Sequence[Image.Image], encoder: PictureEncoder
) -> NDArray[np.float16]:  # fmt: skip
    """Return the features (n, k) of images, computed on as many threads as there are cores."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.stack([*pool.map(encoder.encode, images)])


def usual_way(groups: int, prior: AnyPrior) -> Way:
    """Return the way that is best on average for this many groups, without cross-validation."""
    recipe = default_recipe(groups)
    return Mix(recipe, recipe, prior.weight) if isinstance(prior, PairPrior) else recipe


def _learned(name: str, data: TypeData, cells: dict[str, Cell], prior: AnyPrior) -> Row:
    """Add the shipped, the trained and the delivered head."""
    unseen = data.take(data.held_out)
    seen = data.take(data.rows_to_train_on())
    trained = fit_way(seen, prior, usual_way(len(seen.usable_groups()), prior))
    model = fit(TrainingSet(prior.encoder, (data,)))
    heads = {"untrained": prior.untrained, "trained": trained, "delivered": model.heads[0].head}
    for column, head in heads.items():
        cells[column] = worth(head.describe(unseen.features), unseen.groups)
    verdict = model.heads[0].report["verdict"]
    said = "better" if verdict["better"] else "kept" if verdict["verified"] else "too few groups"
    return Row(name, cells, said)


def curve(name: str, kind: str, pictures: PictureSet, encoder: PictureEncoder) -> Iterator[Row]:
    """Yield a row for every number of groups and images to train on, each a mean of draws."""
    features = encoded(pictures.images, encoder)
    data = type_data(kind, pictures, features)
    for groups, images in CURVE:
        if groups > len(np.unique(data.groups[~data.held_out])):
            continue
        prior = prior_of(encoder.key)
        draws = [
            _learned("", drawn(data, groups, images, seed), {}, prior) for seed in range(DRAWS)
        ]
        cells = {column: _average([row.cells[column] for row in draws]) for column in COLUMNS[3:]}
        verdicts = " ".join(row.verdict for row in draws)
        yield Row(f"{name}: {groups} x {images}", cells, verdicts)


def drawn(data: TypeData, groups: int, images: int, seed: int) -> TypeData:
    """Keep `groups` groups to train on, `images` images of each, and all that is held out."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(np.unique(data.groups[~data.held_out]))[:groups]
    kept = data.held_out.copy()
    for group in chosen:
        kept[rng.permutation(np.flatnonzero(data.groups == group))[:images]] = True
    return data.take(kept)


def _average(cells: Sequence[Cell]) -> Cell:
    recalls, precisions = zip(*cells, strict=True)
    return Cell(float(np.mean(recalls)), float(np.mean(precisions)))


def show(rows: Iterator[Row], columns: Sequence[str], out: TextIO) -> list[Row]:
    """Write rows as a Markdown table, each as soon as it is known."""
    out.write(
        "| | " + " | ".join(columns) + " | the gate |\n|" + "---|" * (len(columns) + 2) + "\n"
    )
    shown = []
    for row in rows:
        cells = " | ".join(str(row.cells[column]) for column in columns)
        out.write(f"| {row.name} | {cells} | {row.verdict} |\n")
        out.flush()
        shown.append(row)
    return shown


def run(
    sets: Mapping[str, Callable[[int], PictureSet]],
    curves: Mapping[str, tuple[str, Callable[[int], PictureSet]]],
    seed: int,
    encoder: PictureEncoder,
    out: TextIO,
) -> None:
    """Draw the sets and write both tables, Recall@1 / MAP@R in percent."""
    if sets:
        found = (measure(name, draw(seed), encoder) for name, draw in sets.items())
        rows = show((row for rows in found for row in rows), COLUMNS, out)
        means = {column: _average([row.cells[column] for row in rows]) for column in COLUMNS}
        out.write("| mean | " + " | ".join(str(means[column]) for column in COLUMNS) + " | |\n\n")
    for name, (kind, draw) in curves.items():
        show(curve(name, kind, draw(seed), encoder), COLUMNS[3:], out)
