"""What the product knows before anybody teaches it: scatters of drawn pictures, and their head.

Beside the prior that fits most there are others that lean to one kind of likeness, from the same
pictures in other shares: few groups learn more from what is like them.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.errors import BrokenArtifact, ForeignArtifact
from dashboard.engine.heads import Head
from dashboard.engine.scatter import Floats

ASSETS = Path(__file__).parent / "assets"
FORMAT = 1
BUILTIN = "builtin-1"
PHOTO = "photo-1"
BOTH = f"{BUILTIN}+{PHOTO}"  # the default: one encoder whose features are those of both, in turn


class Scatters(NamedTuple):
    """How drawn pictures spread within and between their groups, (k, k) each."""

    within: Floats
    between: Floats


def _none() -> Mapping[str, Scatters]:
    return {}


@dataclass(frozen=True)
class Prior:
    """Scatters (k, k) within and between groups of drawn pictures, in an encoder's features.

    `leanings` gives the scatters of other priors by their names, loaded when they are asked for.
    """

    encoder: str
    within: Floats
    between: Floats
    untrained: Head
    leanings: Callable[[], Mapping[str, Scatters]] = _none

    def scatters(self, leaning: str = "") -> Scatters:
        """Return those of a leaning, or the usual ones. Raises KeyError for one not there."""
        return self.leanings()[leaning] if leaning else Scatters(self.within, self.between)


def checked_asset(name: str) -> bytes:
    """Read a shipped file, and refuse it unless it is the one that was built."""
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
    """Load the shipped prior, once a process."""
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


def prior_of(key: str) -> Prior:
    """Load the prior of a shipped encoder by its key."""
    return {BUILTIN: builtin_prior}[key]()


@cache
def builtin_leanings() -> Mapping[str, Scatters]:
    """Load the shipped leanings, once a process, by their names."""
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
    """Unpack what `triangle` packed.

    >>> symmetric(triangle(np.array([[1.0, 2.0], [2.0, 5.0]])))
    array([[1., 2.],
           [2., 5.]])
    """
    size = int((np.sqrt(8 * len(packed) + 1) - 1) / 2)
    matrix = np.zeros((size, size))
    matrix[np.tri(size, dtype=np.bool_).T] = packed
    return matrix + np.triu(matrix, 1).T
