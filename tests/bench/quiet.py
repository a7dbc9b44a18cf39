"""What is measured beside a running installation is measured while that does nothing else."""

import time
from collections.abc import Callable

from tests.bench.figures import seconds
from tests.live import Server
from tests.rows import Rows

PATIENCE = 600.0  # seconds
UNFINISHED = "SELECT COUNT(*) FROM dashboard_job WHERE state IN ('queued', 'running')"


def wait_until_quiet(server: Server, patience: float = PATIENCE) -> None:
    """Wait until no job waits or runs: an import is followed by a job that describes images.

    What follows a job is written before that one ends, so there is no moment between the two.
    """
    rows = Rows(server)
    end = time.monotonic() + patience
    while unfinished := rows.one(UNFINISHED):
        if time.monotonic() > end:
            raise RuntimeError(f"{unfinished} jobs are not over after {patience:.0f} s")
        time.sleep(0.1)


def quiet_seconds(server: Server, work: Callable[[], object]) -> float:
    """Time one run, which begins when nothing else is under way."""
    wait_until_quiet(server)
    return seconds(work)
