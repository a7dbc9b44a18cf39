"""When a delivery that failed is attempted again."""

import random
from datetime import datetime, timedelta

DAY = timedelta(days=1)
# Seconds after each failure; the last one repeats until a day has passed since the first attempt.
DELAYS = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800)
JITTER = 0.2  # of a delay, more or less: what failed together does not come back together
RETRY_AFTER_MOST = 4 * 3600.0  # seconds that a receiver may ask for


def next_attempt(
    *, attempts: int, first: datetime, now: datetime, asked: float | None = None
) -> datetime | None:
    """Return when to attempt again after so many failures; None once a day has passed.

    The last attempt is at the end of the day. `asked` are the seconds that the receiver asked for.
    """
    end = first + DAY
    if now >= end:
        return None
    delay = DELAYS[min(attempts, len(DELAYS)) - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  no secret
    if asked is not None:
        delay = max(delay, min(asked, RETRY_AFTER_MOST))
    return min(now + timedelta(seconds=delay), end)
