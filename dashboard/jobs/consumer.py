"""Make Celery's consumer wait for the broker instead of failing.

Messages only save a worker the wait for its next sweep, so the broker may be down, refuse
connections or hang for any time: the consumer retries every few seconds, logs the loss and the
recovery once each, and stops at a stop signal whatever it is waiting for.
"""

import logging
import time
from typing import Any, Final

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

logger = logging.getLogger("likewise.jobs")

LONGEST_PAUSE: Final = 3.0  # seconds between two attempts; Celery's own grow to 30
LOOK: Final = 0.5  # seconds between two checks of the stop signal


class PatientConsumer(Consumer):
    """Retry forever; `started` after the slots and the sweep, which run meanwhile."""

    is_away = False

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection once it is established."""
        connected = conn.ensure_connection(
            self._tell,
            # Seconds. One to three, where Celery's own pauses would grow to thirty: a worker that
            # has lost Redis for a minute reconnects within three seconds of its return.
            interval_start=1,
            interval_step=1,
            interval_max=LONGEST_PAUSE,
            callback=maybe_shutdown,
        )
        self.first_connection_attempt = False
        return connected

    def on_ready(self) -> None:
        """Log the recovery only here: a connected Redis may still refuse all else."""
        if self.is_away:
            self.is_away = False
            logger.warning("event=broker-joined")
        super().on_ready()

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Pause, as a broker that refuses at once would be asked in a busy loop."""
        self._tell(exc)
        super().on_connection_error_after_connected(exc)
        end = time.monotonic() + LONGEST_PAUSE
        while time.monotonic() < end:
            maybe_shutdown()
            time.sleep(LOOK)

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Log the loss and pause before the next attempt."""
        self._tell(exc)
        time.sleep(LOOK)

    def _tell(self, error: Exception, _pause: float = 0) -> None:
        if not self.is_away:
            self.is_away = True
            logger.warning("event=broker-away error=%s", error)
