"""Take turns, take medians, print a line a figure."""

import re
import statistics
import time
from collections.abc import Callable, Iterable

ROUNDS = 5
_FIGURE = re.compile(r"bench (\S+): (\S+) ([<>]= \S+) (ok|short)")
_TOLD = re.compile(r"bench (\S+): (\S+) (\S.*)")


def seconds(work: Callable[[], object]) -> float:
    """Time one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ratio_of_medians(
    measure: Callable[[], float], reference: Callable[[], float], rounds: int = ROUNDS
) -> float:
    """Run both in turns and divide the medians of what they return."""
    pairs = [(measure(), reference()) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)


def at_least(name: str, value: float, target: float) -> None:
    """Print a figure that should be high."""
    _line(name, value, ">=", target, met=value >= target)


def at_most(name: str, value: float, target: float) -> None:
    """Print a figure that should be low."""
    _line(name, value, "<=", target, met=value <= target)


def _line(name: str, value: float, sign: str, target: float, *, met: bool) -> None:
    verdict = "ok" if met else "short"
    print(f"bench {name}: {value:.2f} {sign} {target:.2f} {verdict}", flush=True)


def told(name: str, value: float, unit: str) -> None:
    """Print a figure that has no target."""
    print(f"bench {name}: {value:.2f} {unit}", flush=True)


def table(lines: Iterable[str]) -> list[str]:
    """Return the figures among these lines as a table: figure, value, target, ok or short."""
    rows = [("figure", "value", "target", "")]
    for line in lines:
        if met := _FIGURE.match(line):
            rows.append((met[1], met[2], met[3], met[4]))
        elif free := _TOLD.match(line):
            rows.append((free[1], free[2], "-", free[3]))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        f"{name:<{widths[0]}}  {value:>{widths[1]}}  {target:>{widths[2]}}  {end}".rstrip()
        for name, value, target, end in rows
    ]
