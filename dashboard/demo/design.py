"""Choose the look of one product: its colours, its pattern and the measures of its shape."""

from dataclasses import dataclass

import numpy as np

from dashboard.demo.inks import PATTERNS, Ink, patterned, plain
from dashboard.demo.shapes import Floats


@dataclass(frozen=True, eq=False)
class Design:
    """A product's colours (3, 3), the main one first; its pattern; six measures of 0 to 1."""

    colours: Floats
    pattern: str
    period: float
    measures: Floats

    def between(self, number: int, low: float, high: float) -> float:
        """Return one of the measures, scaled from `low` to `high`."""
        return float(low + (high - low) * self.measures[number])

    def one_of(self, number: int, choices: int) -> int:
        """Return the number of a shape's variant, chosen by one of the measures."""
        return int(self.measures[number] * choices)

    def printed(self) -> Ink:
        """Return the ink of the pattern on a flat surface."""
        return patterned(self.pattern, self.colours, self.period, self.period)

    def wrapped(self, radius: float) -> Ink:
        """Return the ink of the pattern around a turned body, so that its ends meet."""
        repeats = max(3, round(2 * np.pi * radius / self.period))
        return patterned(self.pattern, self.colours, 2 * np.pi / repeats, self.period)

    def plain(self, number: int) -> Ink:
        """Return the ink of a single colour."""
        return plain(self.colours[number])


# Most products mainly have the first colour of their colourway; a quarter of them swap.
ORDERS = ((0, 1, 2), (0, 1, 2), (0, 2, 1), (1, 0, 2))


def draw_design(colours: Floats, rng: np.random.Generator, *, may_be_plain: bool) -> Design:
    """Return a random design in three colours."""
    order = ORDERS[rng.integers(len(ORDERS))]
    patterns = sorted(kind for kind in PATTERNS if kind != "plain" or may_be_plain)
    return Design(
        colours=colours[list(order)],
        pattern=patterns[rng.integers(len(patterns))],
        period=float(rng.uniform(0.2, 0.42)),
        measures=rng.random(6),
    )
