"""Measure one part of the program against its targets: `python -m tests.bench slice`.

Every figure is a ratio to plain code that does the same work in the same run, or a time; it is
the median of five or more rounds in which both take turns, because machines are noisy.
"""

import sys
from importlib import import_module

PARTS = ("slice", "dashboard", "api", "engine", "bulk")


def main(arguments: list[str]) -> int:
    """Run the parts that are named, or all; returns 0, whatever the figures: a machine may lag."""
    unknown = sorted(set(arguments) - set(PARTS))
    if unknown:
        print(f"There is no part {', '.join(unknown)}: choose from {', '.join(PARTS)}.")
        return 2
    for part in arguments or PARTS:
        import_module(f"tests.bench.{part}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
