"""Test SQLite under thirty clients, a training and an import: no request is refused."""

import pytest

from tests.bench.busy import measure
from tests.bench.busy_load import CLIENTS

pytestmark = pytest.mark.live

# A batch of an import, which writes most, has 29.
MOST_STATEMENTS = 60


def test_nobody_is_refused() -> None:
    answers, held = measure(first=60, then=200)
    assert answers.statuses.total() > 2 * CLIENTS
    # 400: an image is in another group of the exclusive type already.
    assert answers.statuses.keys() <= {200, 201, 400}
    assert held
    assert max(one["statements"] for one in held) <= MOST_STATEMENTS
