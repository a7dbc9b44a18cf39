"""Find and fix what faults could have left behind."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.files.errors import StorageAway
from dashboard.services.doctor.colours import unjudged
from dashboard.services.doctor.doctor import LEAST_AGE, examine


class Command(BaseCommand):
    """`doctor` reports; `doctor --fix` fixes. It exits with 1 if problems are left."""

    help = (
        "Compare files with rows and counters with what they count, and find stuck jobs. Safe "
        "while Likewise is running. Exit status 1: problems are left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options to fix and to ignore young findings."""
        parser.add_argument("--fix", dest="mend", action="store_true", help="fix what can be fixed")
        parser.add_argument(
            "--older-than",
            type=float,
            default=LEAST_AGE,
            metavar="SECONDS",
            help="ignore what is younger than this many seconds (%(default)g)",
        )

    def handle(self, *, mend: bool, older_than: float, **_options: Any) -> None:
        """Print a line for each finding, then their number."""
        if older_than < 0:
            raise CommandError("--older-than takes a number of seconds, 0 or more.")
        found = mended = 0
        try:
            for finding in examine(mend=mend, older_than=older_than):
                found += 1
                mended += finding.mended
                mark = " [fixed]" if finding.mended else ""
                self.stdout.write(f"{finding.noun}: {finding.name}: {finding.sentence}{mark}")
        except StorageAway as error:
            raise CommandError(str(error)) from error
        # To stderr: this is not a finding, and scripts read the findings.
        if note := unjudged():
            self.stderr.write(note)
        self.stdout.write(_outcome(found, mended))
        if found > mended:
            sys.exit(1)


def _outcome(found: int, mended: int) -> str:
    if not found:
        return "Everything is in order."
    left = found - mended
    words = f"{found:,} found, {mended:,} fixed, {left:,} left"
    return f"{words}: doctor --fix fixes what can be fixed." if not mended else f"{words}."
