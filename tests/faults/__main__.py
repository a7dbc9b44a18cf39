"""`make faults`: let every kind of fault strike at random moments, and print what came of it."""

import os
import random
import sys
import time

from tests import setups
from tests.faults.installation import installed
from tests.faults.kinds import KINDS, Outcome, try_kind
from tests.faults.work import Work

MOMENTS = 20
HEAD = (
    f"{'fault':34} {'set-up':9} {'moments':>7} {'lost':>5} {'doubled':>8}"
    f" {'orphans':>8} {'longest recovery':>17}"
)


def main(moments: int) -> int:
    """Print a line for each kind and set-up; return 1 if anything was lost or left."""
    seed = os.environ.get("LIKEWISE_TEST_SEED") or str(random.SystemRandom().randrange(1 << 31))
    print(f"LIKEWISE_TEST_SEED={seed}")
    print(HEAD, flush=True)
    wrong = False
    for set_up in setups.NAMES:
        if set_up == "postgres" and not setups.postgres_server():
            print("DATABASE_URL names no PostgreSQL server: that set-up is left out")
            continue
        with installed(set_up) as installation:
            work = Work(installation)
            for kind in (one for one in KINDS if set_up in one.set_ups):
                dice = random.Random(f"{seed} {kind.name}")
                started = time.monotonic()
                outcome = try_kind(kind, work, moments, dice)
                wrong |= bool(outcome.verdict)
                print(_line(kind.name, set_up, outcome), f"{time.monotonic() - started:6.0f} s")
                for orphan in outcome.verdict.orphans:
                    print(f"    {orphan}")
                sys.stdout.flush()
    return int(wrong)


def _line(kind: str, set_up: str, outcome: Outcome) -> str:
    verdict = outcome.verdict
    return (
        f"{kind:34} {set_up:9} {outcome.moments:7} {verdict.lost:5} {verdict.doubled:8}"
        f" {len(verdict.orphans):8} {outcome.longest:15.1f} s"
    )


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else MOMENTS))
