"""Define inks: the colours of a surface, plain or a pattern of up to three colours."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dashboard.demo.shapes import Floats

Ink: TypeAlias = Callable[[Floats, Floats], Floats]  # places (h, w) -> colours (h, w or 1, 3)
Choice: TypeAlias = NDArray[np.integer] | NDArray[np.bool_]  # which of the colours


def rgb(code: str) -> Floats:
    """Return a colour such as "e3cfa4" as three numbers of 0 to 1."""
    return np.frombuffer(bytes.fromhex(code), np.uint8).astype(np.float32) / 255


WHITE, CREAM, DARK = rgb("f7f5f0"), rgb("efe6d6"), rgb("33302e")
WOOD, BRASS, STEEL = rgb("b98a5c"), rgb("c8a25a"), rgb("b4b8bc")
COFFEE, LEAF = rgb("5a3a26"), rgb("6f8560")


def plain(colour: Floats) -> Ink:
    """Return an ink of one colour."""
    return lambda _x, _y: colour


def patterned(kind: str, colours: Floats, across: float, down: float) -> Ink:
    """Return an ink that repeats a pattern; most of it is in the first of the colours (3, 3).

    It repeats every `across` and `down`.
    """
    pattern = PATTERNS[kind]
    return lambda x, y: colours.take(pattern(x / across, y / down).astype(np.intp), axis=0)


def _plain(u: Floats, _: Floats) -> Choice:
    return np.zeros(u.shape, np.intp)


def _stripes(_: Floats, v: Floats) -> Choice:
    chosen: Choice = v % 1 < 0.4
    return chosen


def _lines(_: Floats, v: Floats) -> Choice:
    chosen: Choice = (v % 0.5 < 0.1) * 1 + (v % 2 < 0.35)
    return chosen


def _panels(u: Floats, _: Floats) -> Choice:
    chosen: Choice = u % 1 < 0.42
    return chosen


def _dots(u: Floats, v: Floats) -> Choice:
    shifted = u + 0.5 * (np.floor(v) % 2)
    chosen: Choice = np.hypot(shifted % 1 - 0.5, v % 1 - 0.5) < 0.3
    return chosen


def _checks(u: Floats, v: Floats) -> Choice:
    chosen: Choice = (u % 1 < 0.45) * 1 + (v % 1 < 0.45)
    return chosen


def _zigzag(u: Floats, v: Floats) -> Choice:
    height = (v + np.abs(u % 1 - 0.5)) % 1.5
    chosen: Choice = (height < 0.45) * 1 + ((height > 0.62) & (height < 0.76)) * 2
    return chosen


def _waves(u: Floats, v: Floats) -> Choice:
    chosen: Choice = (v + 0.16 * np.sin(2 * np.pi * u)) % 1 < 0.42
    return chosen


def _dipped(u: Floats, v: Floats) -> Choice:
    height = v + 0.1 * np.sin(2.5 * u)
    chosen: Choice = (height > 0.5) * 1 + ((height > 0.24) & (height < 0.36)) * 2
    return chosen


def _diamonds(u: Floats, v: Floats) -> Choice:
    far = np.abs(u % 1 - 0.5) + np.abs(v % 1 - 0.5)
    chosen: Choice = (far < 0.36) * 1 + (far < 0.13)
    return chosen


def _flags(u: Floats, v: Floats) -> Choice:
    chosen: Choice = (u % 1 + v % 1 < 0.95) & (np.floor(v) % 2 < 1)
    return chosen


def _sprinkles(u: Floats, v: Floats) -> Choice:
    column, row = np.floor(u), np.floor(v)
    # A hash of the cell instead of random numbers: the pattern depends only on the position.
    luck = (np.sin(column * 12.99 + row * 78.23) * 437.58) % 1
    turn = luck * 2 * np.pi
    a = u - column - 0.5 - 0.2 * np.cos(3 * turn)
    b = v - row - 0.5 - 0.2 * np.sin(5 * turn)
    along, across = a * np.cos(turn) + b * np.sin(turn), b * np.cos(turn) - a * np.sin(turn)
    inside = (np.abs(along) < 0.27) & (np.abs(across) < 0.1)
    return inside * np.where(luck < 0.5, 1, 2)


PATTERNS: dict[str, Callable[[Floats, Floats], Choice]] = {
    "plain": _plain,
    "stripes": _stripes,
    "lines": _lines,
    "panels": _panels,
    "dots": _dots,
    "checks": _checks,
    "zigzag": _zigzag,
    "waves": _waves,
    "dipped": _dipped,
    "diamonds": _diamonds,
    "flags": _flags,
    "sprinkles": _sprinkles,
}
