"""Compute classic fingerprints of an image, to compare the engine with."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashboard.engine.preprocess import upright

HASH_SIDE = 8
LEVELS = 8  # of each colour


def difference_hash(image: Image.Image) -> NDArray[np.float64]:
    """Return the 64 signs of the difference hash (Krawetz, 2013) as a row of unit length.

    The cosine of two such rows is 1 - 2 / 64 of the bits in which the hashes differ.
    """
    grey = upright(image).convert("L").resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX)
    bits = np.diff(np.asarray(grey, np.int64), axis=1) > 0
    return np.where(bits.ravel(), 1.0, -1.0) / HASH_SIDE


def colour_histogram(image: Image.Image) -> NDArray[np.float64]:
    """Return the roots of the shares of 512 colours, a row of unit length.

    The cosine of two rows is the Bhattacharyya coefficient of the histograms (Swain and Ballard,
    "Color Indexing", 1991, with the root of the shares in place of their intersection).
    """
    pixels = np.asarray(upright(image), np.int64) // (256 // LEVELS)
    numbers = pixels @ np.array([LEVELS**2, LEVELS, 1])
    shares = np.bincount(numbers.ravel(), minlength=LEVELS**3) / numbers.size
    roots: NDArray[np.float64] = np.sqrt(shares)
    return roots
