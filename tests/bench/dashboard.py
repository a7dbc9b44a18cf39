"""The pages: server time with much in the workspace over the same with little; the grid's cost."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

from tests.bench.figures import at_most, seconds

ROUNDS = 15
LITTLE, MUCH = (1_000, 50), (100_000, 5_000)  # images, groups


def main() -> None:
    """Print `dashboard.pages`, the worst page's ratio, and `dashboard.grid`."""
    os.environ |= {"LIKEWISE_DATA": tempfile.mkdtemp(), "LIKEWISE_ENV": os.devnull}
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"

    from tests.bench.filled import filled, ready

    ready()
    little, much = filled(*LITTLE), filled(*MUCH)
    ratios = {name: _ratio(little.clients(name), much.clients(name)) for name in little.pages}
    for name, ratio in sorted(ratios.items(), key=lambda item: item[1]):
        print(f"  {name}: {ratio:.2f}")
    at_most("dashboard.pages", max(ratios.values()), 1.50)
    at_most("dashboard.grid", _grid(much), 3.00)


def _ratio(little: Callable[[], object], much: Callable[[], object]) -> float:
    pairs = [(seconds(much), seconds(little)) for _ in range(ROUNDS)]
    return statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)


def _grid(workspace: Any) -> float:
    """CPU of the grid's fragment over the CPU of the query that finds its sixty images."""
    pairs = [(_cpu(workspace.fragment), _cpu(workspace.grid_query)) for _ in range(60)]
    return statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
