"""Provide what is known before any training: scatters of drawn images, and their head.

Beside the prior that fits most there are leanings to one kind of similarity, from the same images
in other shares: few groups learn more from images of their kind.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.errors import BrokenArtifact, ForeignArtifact, InvalidTrainingSet
from dashboard.engine.heads import DIMENSION, Head, MixedHead, Part, plain_head
from dashboard.engine.scatter import Floats

ASSETS = Path(__file__).parent / "assets"
FORMAT = 1
BUILTIN = "builtin-1"
PHOTO = "photo-1"
BOTH = f"{BUILTIN}+{PHOTO}"  # the default: one encoder whose features are those of both, in turn
IDENTITY = "identity"  # a leaning that knows nothing of any image: all features count the same
PLAIN = 384  # numbers of a plain cosine: none longer is kept of a type
PHOTO_FEATURES, PHOTO_DIMENSION = 512, 256
PHOTO_WEIGHT = 0.95  # of the untrained photo half: 1.25 is best on the mean, but digits lose 4


class Scatters(NamedTuple):
    """How drawn images spread within and between their groups, (k, k) each."""

    within: Floats
    between: Floats


def _none() -> Mapping[str, Scatters]:
    return {}


@dataclass(frozen=True)
class Prior:
    """Scatters (k, k) within and between groups of drawn images, in an encoder's features.

    `leanings` returns the scatters of other priors by name, loaded when they are first used. Fitted
    heads give descriptors of `dimension` numbers.
    """

    encoder: str
    within: Floats
    between: Floats
    untrained: Head
    leanings: Callable[[], Mapping[str, Scatters]] = _none
    dimension: int = DIMENSION

    def scatters(self, leaning: str = "") -> Scatters:
        """Return the scatters of a leaning, or the default ones. Raises KeyError if unknown."""
        return self.leanings()[leaning] if leaning else Scatters(self.within, self.between)

    @property
    def width(self) -> int:
        """The numbers in one row of features."""
        return len(self.within)

    @property
    def plain(self) -> Head:
        """The plain cosine of the features, without any head."""
        return plain_head(self.width, max(PLAIN, self.dimension))


@dataclass(frozen=True)
class PairPrior:
    """The priors of two encoders whose features are concatenated, the second `weight` times."""

    encoder: str
    first: Prior
    second: Prior
    weight: float

    @property
    def width(self) -> int:
        """The numbers in one row of features."""
        return self.first.width + self.second.width

    def mixed(self, first: Head, second: Head, weight: float) -> MixedHead:
        """Combine a head of each half; at weight 0 or infinity only one of them."""
        one = Part(0, first, 1.0)
        if weight == 0:
            return MixedHead(self.width, (one,))
        if np.isinf(weight):
            return MixedHead(self.width, (Part(self.first.width, second, 1.0),))
        return MixedHead(self.width, (one, Part(self.first.width, second, weight)))

    @property
    def untrained(self) -> MixedHead:
        """The head before any training."""
        return self.mixed(self.first.untrained, self.second.untrained, self.weight)


AnyPrior: TypeAlias = Prior | PairPrior


def identity(width: int) -> Scatters:
    """Return the scatters (width, width) of a prior that knows nothing of any image."""
    return Scatters(np.eye(width), np.eye(width))


def prior_of(key: str) -> AnyPrior:
    """Return the prior of a shipped encoder, or of both, by its key.

    Raises InvalidTrainingSet for an unknown key.
    """
    if key == BUILTIN:
        return builtin_prior()
    if key == BOTH:
        return both_prior()
    raise InvalidTrainingSet(f"There is no prior for the encoder {key}.")


@cache
def both_prior() -> PairPrior:
    """Return the priors of both shipped encoders, loaded once per process."""
    return PairPrior(BOTH, builtin_prior(), photo_prior(), PHOTO_WEIGHT)


@cache
def photo_prior() -> Prior:
    """Return the prior of the photo encoder: none, as drawings know nothing of photographs."""
    none = identity(PHOTO_FEATURES)
    untrained = plain_head(PHOTO_FEATURES, PHOTO_DIMENSION)
    return Prior(PHOTO, none.within, none.between, untrained, dimension=PHOTO_DIMENSION)


def checked_asset(name: str) -> bytes:
    """Return a shipped file, and refuse it unless it is the one that was built."""
    path = ASSETS / name
    encoder = PHOTO if name.startswith(PHOTO) else BUILTIN
    try:
        manifest = json.loads((ASSETS / f"{encoder}.json").read_text())
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise BrokenArtifact(path, "the file or its manifest is missing. Install again.") from error
    if manifest.get("format") != FORMAT:
        raise ForeignArtifact(path, f"its format is {manifest.get('format')}, not {FORMAT}.")
    if hashlib.sha256(data).hexdigest() != manifest["files"].get(name):
        raise BrokenArtifact(path, "its checksum is not the one it was built with. Install again.")
    return data


@cache
def builtin_prior() -> Prior:
    """Return the shipped prior, loaded once per process."""
    path = ASSETS / f"{BUILTIN}.npz"
    try:
        with np.load(io.BytesIO(checked_asset(path.name)), allow_pickle=False) as arrays:
            return Prior(
                encoder=BUILTIN,
                within=symmetric(arrays["within"]),
                between=symmetric(arrays["between"]),
                untrained=Head(arrays["mean"], arrays["directions"]),
                leanings=builtin_leanings,
            )
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BrokenArtifact(path, "an array is missing or damaged.") from error


@cache
def builtin_leanings() -> Mapping[str, Scatters]:
    """Return the shipped leanings by name, loaded once per process."""
    path = ASSETS / f"{BUILTIN}-leanings.npz"
    try:
        with np.load(io.BytesIO(checked_asset(path.name)), allow_pickle=False) as arrays:
            names = sorted({name.partition("_")[2] for name in arrays.files})
            return {
                name: Scatters(
                    symmetric(arrays[f"within_{name}"].astype(np.float64)),
                    symmetric(arrays[f"between_{name}"].astype(np.float64)),
                )
                for name in names
            }
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BrokenArtifact(path, "an array is missing or damaged.") from error


def triangle(matrix: Floats) -> NDArray[np.float32]:
    """Pack a symmetric matrix (k, k) into its upper triangle, half the bytes."""
    return matrix[np.tri(len(matrix), dtype=np.bool_).T].astype(np.float32)


def symmetric(packed: NDArray[np.float32]) -> Floats:
    """Unpack the result of `triangle`.

    >>> symmetric(triangle(np.array([[1.0, 2.0], [2.0, 5.0]])))
    array([[1., 2.],
           [2., 5.]])
    """
    size = int((np.sqrt(8 * len(packed) + 1) - 1) / 2)
    matrix = np.zeros((size, size))
    matrix[np.tri(size, dtype=np.bool_).T] = packed
    return matrix + np.triu(matrix, 1).T
