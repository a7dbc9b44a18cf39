"""Compute the filter bank's numbers: Gabor filters, opponent colours, histogram bins."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ORIENTATIONS = 8
WAVELENGTH = 4.5  # pixels; every octave halves the image instead of enlarging the filter

# Luminance, red against green, yellow against blue: rows act on RGB in 0..1.
OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [1 / 2, -1 / 2, 0], [1 / 4, 1 / 4, -1 / 2]])


class Bins(NamedTuple):
    """Centres and half-widths of triangular histogram bins."""

    centres: NDArray[np.float64]
    widths: NDArray[np.float64]


LIGHTNESS = Bins(np.linspace(0.05, 0.95, 5), np.full(5, 0.225))

# Finer about grey, where most pixels of most images lie.
CHROMA = Bins(
    np.array([-0.45, -0.25, -0.12, -0.04, 0.04, 0.12, 0.25, 0.45]),
    np.array([0.2, 0.2, 0.13, 0.08, 0.08, 0.13, 0.2, 0.2]),
)


class Gabor(NamedTuple):
    """The even and the odd filter of one orientation, each (side, side)."""

    even: NDArray[np.float64]
    odd: NDArray[np.float64]


def gabor(side: int, angle: float, sigma: float, elongation: float = 0.6) -> Gabor:
    """Return a Gabor pair; the even one has no answer to flat grey, absolute sums are about one."""
    y, x = np.mgrid[-(side // 2) : side // 2 + 1, -(side // 2) : side // 2 + 1]
    across = x * np.cos(angle) + y * np.sin(angle)
    along = -x * np.sin(angle) + y * np.cos(angle)
    envelope = np.exp(-(across**2 + (elongation * along) ** 2) / (2 * sigma**2))
    even = np.cos(2 * np.pi * across / WAVELENGTH) * envelope
    odd = np.sin(2 * np.pi * across / WAVELENGTH) * envelope
    even -= envelope * even.sum() / envelope.sum()
    size = np.abs(even).sum()
    return Gabor(even / size, odd / size)


def gabors(side: int, sigma: float) -> list[Gabor]:
    """Return the pairs of all orientations, evenly over half a turn."""
    return [gabor(side, np.pi * i / ORIENTATIONS, sigma) for i in range(ORIENTATIONS)]


def first_order(side: int = 9, sigma: float = 2.0) -> NDArray[np.float32]:
    """Return the filters on the opponent image, (channels, 3, side, side).

    Luminance in every orientation (even ones, then odd ones), then the two chroma channels in every
    second orientation (even, then odd): colour edges need less detail.
    """
    luminance, sparse = gabors(side, sigma), gabors(side, sigma)[::2]
    rows = [(0, pair.even) for pair in luminance] + [(0, pair.odd) for pair in luminance]
    rows += [(channel, pair.even) for channel in (1, 2) for pair in sparse]
    rows += [(channel, pair.odd) for channel in (1, 2) for pair in sparse]
    weights = np.zeros((len(rows), 3, side, side), np.float32)
    for row, (channel, values) in zip(weights, rows, strict=True):
        row[channel] = values
    return weights


def second_order(side: int = 7, sigma: float = 1.7) -> NDArray[np.float32]:
    """Return the filters on each orientation's own map (a grouped convolution), even then odd ones.

    They answer to how an orientation varies over the image: checks, weaves, rows.
    """
    bank = gabors(side, sigma)
    one_group = [pair.even for pair in bank] + [pair.odd for pair in bank]
    return np.stack(one_group * ORIENTATIONS)[:, None].astype(np.float32)
