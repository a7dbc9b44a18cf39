"""When a delivery that fails is attempted again, and when no more."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.services.webhooks.backoff import (
    DAY,
    DELAYS,
    JITTER,
    RETRY_AFTER_MOST,
    next_attempt,
)

START = datetime(2027, 3, 1, 12, tzinfo=UTC)


def pause(attempts: int, **fields: float) -> float:
    found = next_attempt(attempts=attempts, first=START, now=START, **fields)
    assert found is not None
    return (found - START).total_seconds()


@pytest.mark.parametrize("attempts", [*range(1, len(DELAYS) + 1), 50])
def test_each_pause_is_about_what_the_manual_says(attempts: int) -> None:
    usual = DELAYS[min(attempts, len(DELAYS)) - 1]
    found = [pause(attempts) for _ in range(50)]
    assert all(usual * (1 - JITTER) <= one <= usual * (1 + JITTER) for one in found)
    assert len(set(found)) > 1


def test_the_last_attempt_is_a_day_after_the_first() -> None:
    late = START + timedelta(hours=23)
    assert next_attempt(attempts=12, first=START, now=late) == START + DAY
    assert next_attempt(attempts=13, first=START, now=START + DAY) is None


def test_a_receiver_can_ask_for_more_time_and_not_for_less() -> None:
    assert pause(1, asked=60) == 60
    assert pause(3, asked=1) > 1
    assert pause(1, asked=10**9) == RETRY_AFTER_MOST
    late = START + timedelta(hours=23)
    assert next_attempt(attempts=9, first=START, now=late, asked=10**6) == START + DAY
