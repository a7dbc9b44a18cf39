"""Run `make faults`: inject every kind of fault at random moments and print the results."""

import os
import random
import sys
import time
from collections.abc import Iterable, Sequence

from tests import setups
from tests.faults.installation import installed
from tests.faults.kinds import KINDS, Kind, Outcome, try_kind
from tests.faults.work import NotThisTime, Work

MOMENTS = 20
HEAD = (
    f"{'fault':34} {'set-up':9} {'moments':>7} {'lost':>5} {'doubled':>8}"
    f" {'orphans':>8} {'longest recovery':>17}"
)


def main(moments: int, set_ups: Iterable[str], words: Sequence[str]) -> int:
    """Print a line for each kind and set-up; return 1 if anything was lost or left behind.

    `words` select the kinds whose names contain one of them. Each kind has a separate installation,
    so that work on all data takes no longer in the last one than in the first.
    """
    seed = os.environ.get("LIKEWISE_TEST_SEED") or str(random.SystemRandom().randrange(1 << 31))
    print(f"LIKEWISE_TEST_SEED={seed}")
    print(HEAD, flush=True)
    wrong = False
    for set_up in set_ups:
        if set_up == "postgres" and not setups.postgres_server():
            print("DATABASE_URL names no PostgreSQL server: that set-up is left out")
            continue
        for kind in KINDS:
            if set_up in kind.set_ups and (not words or any(one in kind.name for one in words)):
                with installed(set_up) as installation:
                    dice = random.Random(f"{seed} {kind.name}")
                    wrong |= _try(kind, set_up, Work(installation), moments, dice)
    return int(wrong)


def _try(kind: Kind, set_up: str, work: Work, moments: int, dice: random.Random) -> bool:
    """Print the result of a kind; return whether anything is wrong."""
    started = time.monotonic()
    try:
        outcome = try_kind(kind, work, moments, dice)
    except (AssertionError, NotThisTime) as error:
        print(f"{kind.name:34} {set_up:9} failed: {error}", flush=True)
        return True
    print(_line(kind.name, set_up, outcome), f"of {time.monotonic() - started:.0f} s in all")
    for orphan in outcome.verdict.orphans:
        print(f"    {orphan}")
    sys.stdout.flush()
    return bool(outcome.verdict)


def _line(kind: str, set_up: str, outcome: Outcome) -> str:
    verdict = outcome.verdict
    return (
        f"{kind:34} {set_up:9} {outcome.moments:7} {verdict.lost:5} {verdict.doubled:8}"
        f" {len(verdict.orphans):8} {outcome.longest:15.1f} s"
    )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    words = [word for word in sys.argv[1:] if not word.isdigit() and word not in setups.NAMES]
    chosen = [name for name in setups.NAMES if name in sys.argv]
    sys.exit(main(numbers[0] if numbers else MOMENTS, chosen or setups.NAMES, words))
