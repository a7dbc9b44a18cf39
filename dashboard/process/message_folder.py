"""Implement the embedded queue: Kombu messages in a folder, written atomically.

Kombu's own transport creates a file under its final name and then fills it; a worker that reads it
in between gets an empty message and dies. Here a file is written under a temporary name and
renamed, claimed by renaming, and skipped if it cannot be read: a message only says “check the
queue”, the job rows are the source of truth, and the sweep checks them anyway.
"""

import contextlib
import fcntl
import json
import logging
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any, cast

from kombu.transport import filesystem

logger = logging.getLogger("likewise.jobs")

ASIDE = ".aside"
LONGEST_WAIT = 0.5  # seconds
SETTLED = 100_000_000  # nanoseconds after which another change gets another modification time
LEFT_BEHIND = 60.0  # seconds after which a temporary file belongs to a process that was killed


class Channel(filesystem.Channel):
    """Write and read whole message files through Kombu's channel."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        before = time.time() - LEFT_BEHIND
        # Nobody reads them again: the message is lost, and the sweep finds its job.
        for path in self._messages.glob(f"*{ASIDE}"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()

    @property
    def _messages(self) -> Path:
        return Path(self.data_folder_in)

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        """Put a message into a queue; names sort by time across all processes of this machine."""
        # Monotonic: after the wall clock is set back, new messages would overtake older ones.
        name = f"{time.monotonic_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        _write(self._messages / name, payload)

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002
        """Take the oldest message of a queue; called many times a second. Raises `Empty`."""
        ending = f".{queue}.msg"
        names = os.listdir(self._messages)  # noqa: PTH208  a third of the time of paths
        for name in sorted(name for name in names if name.endswith(ending)):
            # Renamed before it is read: if two workers try, only one rename succeeds.
            aside = self._messages / f"{name}{ASIDE}"
            try:
                (self._messages / name).rename(aside)
                text = aside.read_bytes()
                aside.unlink()
            except FileNotFoundError:  # another worker was faster
                continue
            try:
                return json.loads(text)
            except ValueError:
                logger.warning("event=message-unreadable name=%s bytes=%d", name, len(text))
        raise Empty

    def _table(self, exchange: str) -> Path:
        return self.control_folder / f"{exchange}.exchange"

    def get_table(self, exchange: str) -> list[filesystem.exchange_queue_t]:  # type: ignore[override]
        """Return the queues that are bound to an exchange."""
        try:
            rows = json.loads(self._table(exchange).read_bytes())
        except (FileNotFoundError, ValueError):
            return []
        return [filesystem.exchange_queue_t(*row) for row in rows]

    def _queue_bind(
        self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None
    ) -> None:
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._alone():
            rows = self.get_table(exchange)
            if bound not in rows:
                _write(self._table(exchange), [bound, *rows])

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Lock the table, so that two processes that bind do not lose each other's queue."""
        self.control_folder.mkdir(parents=True, exist_ok=True)
        with (self.control_folder / "lock").open("w") as lock:
            # The kernel releases the lock when its process dies: no stale lock file remains.
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    """Check for messages only when the folder has changed.

    A check goes through all queues; twenty a second took an idle worker 1.5 % of a core. Reading
    the modification time of the folder costs a hundredth of that.
    """

    Channel = Channel
    _empty_since = 0

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Wait for a message, but only so long that a stop signal is noticed."""
        end = time.monotonic() + min(timeout or LONGEST_WAIT, LONGEST_WAIT)
        while not self._deliver_one(connection):
            if time.monotonic() >= end:
                raise TimeoutError
            time.sleep(self.polling_interval or LONGEST_WAIT)

    def _deliver_one(self, connection: Any) -> bool:
        folder = Path(cast("Any", self.client).transport_options["data_folder_in"])
        changed = folder.stat().st_mtime_ns
        if changed == self._empty_since:
            return False
        # A message within the same tick of the clock leaves the modification time unchanged.
        is_settled = time.time_ns() - changed > SETTLED
        try:
            super().drain_events(connection, timeout=0)
        except TimeoutError:
            if is_settled and not any(folder.glob("*.msg")):
                # Only after an empty check, and only for a settled time: see `SETTLED`.
                self._empty_since = changed
            return False
        return True


def _write(path: Path, content: Any) -> None:
    aside = path.with_name(f"{path.name}.{uuid.uuid4().hex}{ASIDE}")
    aside.write_text(json.dumps(content))
    aside.rename(path)
