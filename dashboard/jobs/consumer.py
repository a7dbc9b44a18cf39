"""Celery's consumer, with the patience of a worker that does not need it.

Messages only save a worker its next sweep, so the broker may be away, refuse or hang for as long
as it likes: the consumer tries again every few seconds, says once that it went away and once that
it is back, and ends at a stop signal whatever it waits for.
"""

import logging
import time
from typing import Any, Final

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

logger = logging.getLogger("likewise.jobs")

LONGEST_PAUSE: Final = 3.0  # seconds between two tries; Celery's own grow to 30
LOOK: Final = 0.5  # seconds between two looks at the stop signal


class PatientConsumer(Consumer):
    """Tries for ever; `started` after the slots and the sweep, which run meanwhile."""

    is_away = False

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection once there is one."""
        connected = conn.ensure_connection(
            self._tell,
            # Seconds. From one to three, where Celery's own pauses would grow to thirty: a worker
            # that has lost Redis for a minute is back within three seconds of it.
            interval_start=1,
            interval_step=1,
            interval_max=LONGEST_PAUSE,
            callback=maybe_shutdown,
        )
        self.first_connection_attempt = False
        return connected

    def on_ready(self) -> None:
        """Say that messages arrive again: connected is not enough, Redis may refuse all else."""
        if self.is_away:
            self.is_away = False
            logger.warning("event=broker-joined")
        super().on_ready()

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Wait a moment: what answers at once with a refusal would else be asked without end."""
        self._tell(exc)
        super().on_connection_error_after_connected(exc)
        end = time.monotonic() + LONGEST_PAUSE
        while time.monotonic() < end:
            maybe_shutdown()
            time.sleep(LOOK)

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Treat it alike."""
        self._tell(exc)
        time.sleep(LOOK)

    def _tell(self, error: Exception, _pause: float = 0) -> None:
        if not self.is_away:
            self.is_away = True
            logger.warning("event=broker-away error=%s", error)
