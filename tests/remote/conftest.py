from collections.abc import Iterator

import pytest

from dashboard.remote import Server
from tests.remote.stand_in import StandIn, connected, standing_in


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with standing_in() as server:
        yield server


@pytest.fixture
def server(stand_in: StandIn) -> Iterator[Server]:
    with connected(stand_in) as client:
        yield client
