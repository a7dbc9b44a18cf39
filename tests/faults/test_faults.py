"""Whatever strikes while work is under way: what was accepted is there, once, and nothing else."""

import os
import random
from collections.abc import Iterator

import pytest

from tests import setups
from tests.faults.installation import installed
from tests.faults.kinds import KINDS, Kind, try_kind
from tests.faults.work import Work

pytestmark = pytest.mark.live
MOMENTS = 3
SEED = os.environ.get("LIKEWISE_TEST_SEED") or str(random.SystemRandom().randrange(1 << 31))
CASES = [(set_up, kind) for set_up in setups.NAMES for kind in KINDS if set_up in kind.set_ups]


@pytest.fixture(scope="module", params=setups.NAMES)
def work(request: pytest.FixtureRequest) -> Iterator[Work]:
    if request.param == "postgres" and not setups.postgres_server():
        pytest.skip(setups.LACKING)
    with installed(request.param) as installation:
        yield Work(installation)


@pytest.mark.parametrize(
    ("work", "kind"),
    CASES,
    indirect=["work"],
    scope="module",
    ids=[f"{set_up}-{kind.name.replace(' ', '-')}" for set_up, kind in CASES],
)
def test_nothing_is_lost_and_nothing_doubled(work: Work, kind: Kind) -> None:
    print(f"LIKEWISE_TEST_SEED={SEED}")
    moments = 1 if kind.few else MOMENTS
    outcome = try_kind(kind, work, moments, random.Random(f"{SEED} {kind.name}"))
    assert outcome.moments == moments
    assert not outcome.verdict, f"seed {SEED}: {outcome.verdict}"
