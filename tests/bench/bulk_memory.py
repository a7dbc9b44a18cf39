"""By how much the memory of a worker grows when it exports and imports ten times as much.

`python -m tests.bench.bulk_memory` measures it by itself, `… 10000` with so many images. Whoever
fills the workspace, exports and imports it is a process of its own each time, so that the peak of
one says nothing of another.
"""

import os
import subprocess
import sys
import tempfile
from typing import Final

from tests.bench.figures import at_most

IMAGES: Final = 3000
SMALLER: Final = 10
MB: Final = 1024 * 1024


def main(images: int = IMAGES) -> None:
    """Print `bulk.growth.export` and `bulk.memory.import`, in MB."""
    small, large = _peaks(images // SMALLER), _peaks(images)
    for step in ("export", "import"):
        at_most(f"bulk.growth.{step}", large[step] - small[step], 16)
        print(f"  peak {small[step]:.0f} MB of {images // SMALLER:,} images,", end=" ")
        print(f"{large[step]:.0f} MB of {images:,}", flush=True)


def _peaks(images: int) -> dict[str, float]:
    """Return the peak of each step, in MB."""
    with tempfile.TemporaryDirectory(prefix="likewise-bench-") as folder:
        environment = os.environ | {
            "LIKEWISE_DATA": folder,
            "LIKEWISE_ENV": os.devnull,
            "LIKEWISE_LOG_LEVEL": "WARNING",
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        }
        return {
            step: _peak(call, environment)
            for step, call in (
                ("fill", f"fill({images})"),
                ("export", "export()"),
                ("send", "send()"),
                ("import", "bring()"),
            )
        }


def _peak(call: str, environment: dict[str, str]) -> float:
    program = f"from tests.bench import transferred; transferred.{call}"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    )
    return int(done.stdout.split()[-1]) / MB


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
