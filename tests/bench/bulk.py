"""Bulk work: what goes in, is planned, described and sent; how soon jobs begin and are watched."""

import subprocess
import sys

FIGURES = ("bulk_ingest", "bulk_plan", "bulk_extract", "bulk_transfer", "bulk_memory", "bulk_jobs")


def main() -> None:
    """Print the figures, each set in a process of its own: they need different settings."""
    for module in FIGURES:
        program = f"from tests.bench.{module} import main; main()"
        subprocess.run([sys.executable, "-c", program], check=True)
