"""How long it takes to look an upload of many files through before it is brought in.

`python -m tests.bench.bulk_plan` measures it by itself, `… 10000` with so many files.
"""

import os
import subprocess
import sys
import tempfile
from typing import Final

from tests.bench.figures import at_most

FILES: Final = 100_000
KINDS: Final = ("zip", "csv")


def main(files: int = FILES) -> None:
    """Print `bulk.plan`: the seconds of the slower of an archive and a manifest."""
    took = {kind: _took(kind, files) for kind in KINDS}
    at_most("bulk.plan", max(took.values()), 60)
    told = ", ".join(f"{kind} {one:.1f} s" for kind, one in took.items())
    print(f"  {files:,} files: {told}", flush=True)


def _took(kind: str, files: int) -> float:
    """Plan in a process of its own, with a database and a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="likewise-bench-") as folder:
        environment = os.environ | {
            "LIKEWISE_DATA": folder,
            "LIKEWISE_ENV": os.devnull,
            "LIKEWISE_LOG_LEVEL": "WARNING",
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        }
        program = f"from tests.bench import planned; planned.{kind}({files})"
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
