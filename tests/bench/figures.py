"""Take turns, take medians, print a line a figure."""

import statistics
import time
from collections.abc import Callable

ROUNDS = 5


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
