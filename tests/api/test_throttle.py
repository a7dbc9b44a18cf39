"""How often a token may ask."""

import time
from typing import Any

import pytest

from tests.api.calls import TASK
from tests.factories import Cast, api_client, make_key


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Stop the throttle's clock; `clock.now` sets it."""

    class Clock:
        now = time.time()

        def time(self) -> float:
            return self.now

    stopped = Clock()
    monkeypatch.setattr("dashboard.api.throttling.time", stopped)
    return stopped


def test_it_works(cast: Cast, settings: Any, clock: Any) -> None:
    settings.LIKEWISE_THROTTLE = "3/m"
    client = api_client(cast.bob)
    assert [client.get(TASK).status_code for _ in range(3)] == [200] * 3
    clock.now += 20.5
    refused = client.get(TASK)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "40"
    assert isinstance(refused.data["detail"], str)
    clock.now += 40
    assert [client.get(TASK).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_each_token_counts_for_itself(cast: Cast, settings: Any) -> None:
    settings.LIKEWISE_THROTTLE = "1/h"
    one, other = api_client(make_key(cast.bob, name="a")), api_client(make_key(cast.bob, name="b"))
    assert [one.get(TASK).status_code, one.get(TASK).status_code] == [200, 429]
    assert other.get(TASK).status_code == 200


@pytest.mark.parametrize("rate", ["0", "300/s"])
def test_off_or_high(cast: Cast, settings: Any, rate: str) -> None:
    settings.LIKEWISE_THROTTLE = rate
    client = api_client(cast.bob)
    assert {client.get(TASK).status_code for _ in range(20)} == {200}


def test_who_waits_is_told_at_least_a_second(cast: Cast, settings: Any, clock: Any) -> None:
    settings.LIKEWISE_THROTTLE = "1/s"
    client = api_client(cast.bob)
    client.get(TASK)
    clock.now += 0.999
    assert client.get(TASK)["Retry-After"] == "1"


def test_nobody_is_counted_without_a_token(cast: Cast, settings: Any) -> None:
    settings.LIKEWISE_THROTTLE = "1/h"
    assert [api_client(None).get(TASK).status_code for _ in range(3)] == [401] * 3


def test_a_descriptor_call_over_the_rate_has_a_status(cast: Cast, settings: Any) -> None:
    settings.LIKEWISE_THROTTLE = "1/h"
    client = api_client(cast.bob)
    client.get(TASK)
    answer = client.post("/similarity/training/v2/descriptor", {})
    assert (answer.status_code, answer.data["status"]["code"]) == (429, 429)
    assert answer["Retry-After"]
