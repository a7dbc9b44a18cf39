"""The embedded queue: Kombu's messages in a folder, of which nobody ever sees half a file.

Kombu's own transport makes a file under its final name and then fills it; who looks in between
reads nothing, and its worker dies of that. Here a file is written aside and renamed, taken by
renaming, and passed over if it cannot be read: a message only says "look", the job rows are the
truth, and the sweep looks anyway.
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
SETTLED = 100_000_000  # nanoseconds after which another change has another time
LEFT_BEHIND = 60.0  # seconds after which a file aside is one of a process that was killed


class Channel(filesystem.Channel):
    """Kombu's channel with whole files."""

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
        """Put a message into a queue; names sort by time, on all processes of this machine."""
        # The monotonic clock: set back, the wall clock would let new messages overtake.
        name = f"{time.monotonic_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        _write(self._messages / name, payload)

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002
        """Take the oldest message of a queue; raises `Empty`. It is asked many times a second."""
        ending = f".{queue}.msg"
        names = os.listdir(self._messages)  # noqa: PTH208  a third of the time of paths
        for name in sorted(name for name in names if name.endswith(ending)):
            # Renamed first and then read: of two workers only one rename succeeds.
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
        """Return which queues are bound to an exchange."""
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
        """Keep two who bind from forgetting each other's queue."""
        self.control_folder.mkdir(parents=True, exist_ok=True)
        with (self.control_folder / "lock").open("w") as lock:
            # The kernel frees it when its process dies: no stale lock file is ever in the way.
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    """Kombu's transport with that channel, which looks for messages only where the folder changed.

    A look for messages goes through all queues; twenty a second took an idle worker 1.5 % of a
    core, and the time when the folder was changed costs a hundredth of that.
    """

    Channel = Channel
    _empty_since = 0

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Wait for a message, but never so long that a stop signal goes unnoticed."""
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
        # A message that comes within the same tick of the clock leaves the time as it is.
        is_settled = time.time_ns() - changed > SETTLED
        try:
            super().drain_events(connection, timeout=0)
        except TimeoutError:
            if is_settled and not any(folder.glob("*.msg")):
                # Only after an empty look, and only for a time that is over: see `SETTLED`.
                self._empty_since = changed
            return False
        return True


def _write(path: Path, content: Any) -> None:
    aside = path.with_name(f"{path.name}.{uuid.uuid4().hex}{ASIDE}")
    aside.write_text(json.dumps(content))
    aside.rename(path)
