"""Measure the program against its targets: `python -m tests.bench`, or `… slice` for one part.

Every figure is a ratio to plain code that does the same work in the same run, or a time; it is
the median of five or more rounds in which both take turns, because machines are noisy. Nothing is
measured while a job is under way. In the end a table says what was found.
"""

import subprocess
import sys
from collections.abc import Sequence

from tests.bench.figures import table

PARTS = ("slice", "dashboard", "api", "busy", "engine", "bulk", "connections")


def main(arguments: Sequence[str]) -> int:
    """Run the parts that are named, or all; returns 0, whatever the figures: a machine may lag."""
    unknown = sorted(set(arguments) - set(PARTS))
    if unknown:
        print(f"There is no part {', '.join(unknown)}: choose from {', '.join(PARTS)}.")
        return 2
    lines: list[str] = []
    for part in arguments or PARTS:
        lines += _run(part)
    print("\n" + "\n".join(table(lines)))
    return 0


def _run(part: str) -> list[str]:
    """Run a part in a process of its own, since each has its own settings; return its lines."""
    program = f"from tests.bench.{part} import main; main()"
    lines = []
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        lines.append(f"bench {part}: - broke off")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
