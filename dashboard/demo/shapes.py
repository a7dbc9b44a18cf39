"""Compute outlines as rows of points, (n, 2).

x is to the right, y down; a product is about one unit around 0.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating]
Points: TypeAlias = Sequence[Sequence[float]] | Floats


def curve(points: Points, *, closed: bool = False, steps: int = 10) -> Floats:
    """Return a smooth line through the points, a Catmull-Rom spline with `steps` between two."""
    given = np.asarray(points, np.float64)
    before, after = (given[-1:], given[:2]) if closed else (given[:1], given[-1:])
    row = np.concatenate([before, given, after])
    a, b, c, d = (row[i : len(row) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    bend = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    smooth: Floats = ((2 * b + (c - a) * t + bend) / 2).reshape(-1, 2)
    return smooth if closed else np.concatenate([smooth, given[-1:]])


def arc(middle: Sequence[float], radii: Sequence[float], start: float, end: float) -> Floats:
    """Return an elliptical arc from one angle in degrees to another; 0 is right, 90 is below."""
    angles = np.radians(np.linspace(start, end, 40))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii + middle


def ellipse(middle: Sequence[float], radii: Sequence[float]) -> Floats:
    """Return a whole ellipse."""
    return arc(middle, radii, 0, 351)


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> Floats:
    """Return a rectangle with round corners."""
    corners = [
        ((right - radius, top + radius), -90),
        ((right - radius, bottom - radius), 0),
        ((left + radius, bottom - radius), 90),
        ((left + radius, top + radius), 180),
    ]
    return np.concatenate([arc(at, (radius, radius), turn, turn + 90) for at, turn in corners])


def ribbon(points: Points, widths: Sequence[float]) -> Floats:
    """Return the outline of a line with a width, which may change from its start to its end."""
    line = curve(points)
    along = np.gradient(line, axis=0)
    across = along[:, ::-1] * (-1, 1) / np.hypot(*along.T)[:, None]
    places = np.linspace(0, 1, len(line))
    half = np.interp(places, np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    return np.concatenate([line + across * half, (line - across * half)[::-1]])
