"""Test that after any fault during work, all accepted data exists, once, and nothing else."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests import setups
from tests.faults.installation import installed
from tests.faults.kinds import KINDS, Kind, try_kind
from tests.faults.work import Work

pytestmark = pytest.mark.live
MOMENTS = 1  # of each kind; `make faults` tries twenty
SEED = os.environ.get("LIKEWISE_TEST_SEED") or str(random.SystemRandom().randrange(1 << 31))


@pytest.fixture(scope="module")
def works() -> Iterator[Callable[[str], Work]]:
    """Start an installation of each set-up once, when it is first asked for, in whatever order."""
    with ExitStack() as stack:

        @cache
        def started(set_up: str) -> Work:
            return Work(stack.enter_context(installed(set_up)))

        yield started


@pytest.mark.parametrize(
    ("set_up", "kind"),
    [
        pytest.param(set_up, kind, id=f"{set_up}-{kind.name.replace(' ', '-')}")
        for kind in KINDS
        for set_up in kind.set_ups
    ],
)
def test_nothing_is_lost_and_nothing_doubled(
    works: Callable[[str], Work], set_up: str, kind: Kind
) -> None:
    if set_up == "postgres" and not setups.postgres_server():
        pytest.skip(setups.LACKING)
    print(f"LIKEWISE_TEST_SEED={SEED}")
    outcome = try_kind(kind, works(set_up), MOMENTS, random.Random(f"{SEED} {kind.name}"))
    assert outcome.moments == MOMENTS
    assert not outcome.verdict, f"seed {SEED}: {outcome.verdict}"
