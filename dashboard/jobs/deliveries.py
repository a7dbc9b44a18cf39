"""The threads of a worker that send messages to webhooks.

They are few and apart from the sweep, so that a slow receiver holds up neither that nor other
webhooks: one message at a time goes to a webhook, and at most half of the threads send to those
that fail.
"""

import logging
import threading
from collections.abc import Callable
from uuid import UUID

from django.db import close_old_connections, connection
from django.utils import timezone

from dashboard.models import Delivery
from dashboard.queries.webhooks.deliveries import due_webhooks
from dashboard.services.jobs.jobs import stopping
from dashboard.services.webhooks.attempts import attempt, claim_due

logger = logging.getLogger("likewise.webhooks")
SIDE_BY_SIDE = 4


class Senders:
    """Send what is due, in at most `size` threads."""

    def __init__(self, size: int, send: Callable[[Delivery], None] = attempt) -> None:
        self._size, self._send = size, send
        self._lock = threading.Lock()
        self._threads = 0
        self._under_way: dict[UUID, bool] = {}  # by webhook: whether it fails

    def look(self) -> None:
        """Begin to send what is due, as far as threads are free; return at once."""
        with self._lock:
            under_way = list(self._under_way)
        due = due_webhooks(timezone.now(), besides=under_way)[: self._size].count()
        with self._lock:
            # One that finds nothing, because another was faster, ends at once.
            new = min(due, self._size - self._threads)
            self._threads += new
        for _ in range(new):
            # Daemons: a worker that stops does not wait for receivers. What a thread had claimed
            # is due again when the lease ends.
            threading.Thread(target=self._run, name="webhooks", daemon=True).start()

    def _run(self) -> None:
        close_old_connections()
        try:
            while not stopping.is_set() and (delivery := self._next()) is not None:
                try:
                    self._send(delivery)
                finally:
                    with self._lock:
                        del self._under_way[delivery.webhook_id]
        # Whatever it is: the lease ends, and the next sweep looks again.
        except Exception:
            logger.exception("event=sending-broke-off")
        finally:
            with self._lock:
                self._threads -= 1
            connection.close()

    def _next(self) -> Delivery | None:
        # Under the lock, so that two threads never send to the same webhook.
        with self._lock:
            failing = sum(self._under_way.values())
            delivery = claim_due(
                besides=list(self._under_way), healthy_only=failing >= self._size // 2
            )
            if delivery is not None:
                fails = delivery.webhook.failing_since is not None
                self._under_way[delivery.webhook_id] = fails
            return delivery


senders = Senders(SIDE_BY_SIDE)
