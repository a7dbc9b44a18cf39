"""The API: a list, a call for descriptors and a large change of a group, each over plain code."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

from tests.bench.figures import at_most, seconds

LISTED, ADDED = 500, 10_000  # groups in the workspace, of which a page shows 100; images added
PICTURES, SIDE = 32, 512
LIST_ROUNDS, ROUNDS = 101, 15


def main() -> None:
    """Print `api.list`, `api.descriptor` and `api.add`."""
    os.environ |= {"LIKEWISE_DATA": tempfile.mkdtemp(), "LIKEWISE_ENV": os.devnull}
    os.environ |= {"LIKEWISE_THROTTLE": "1000000/s"}  # counted, and never reached
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the web server's own settings say
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"

    from tests.bench.filled import ready

    ready()

    from tests.bench import called

    groups = called.GroupList(LISTED)
    at_most("api.list", _ratio(_cpu, groups.ours, groups.plain, LIST_ROUNDS), 1.70)
    pictures = called.Description(PICTURES, SIDE)
    at_most("api.descriptor", _ratio(seconds, pictures.ours, pictures.plain, ROUNDS), 1.15)
    addition = called.Addition(ADDED)
    at_most("api.add", _ratio(_emptied(addition), addition.ours, addition.plain, ROUNDS), 3.00)
    print(f"  in {addition.queries(ADDED)} queries; {addition.queries(10)} for ten images")


def _ratio(
    measure: Callable[[Callable[[], Any]], float],
    ours: Callable[[], Any],
    plain: Callable[[], Any],
    rounds: int,
) -> float:
    pairs = [(measure(ours), measure(plain)) for _ in range(rounds + 1)][1:]  # the first warms up
    return statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _emptied(addition: Any) -> Callable[[Callable[[], object]], float]:
    """Time what fills a group, which is emptied before."""

    def measure(work: Callable[[], object]) -> float:
        addition.empty()
        return seconds(work)

    return measure
