"""Test that embedded messages are read whole, and that a damaged one ends no worker."""

import os
import threading
import time
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Consumer, Exchange, Queue

from dashboard.celery import app
from dashboard.process.message_folder import ASIDE, Channel, Transport

WRITERS, MESSAGES = 4, 150


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("messages", "control"):
        (tmp_path / name).mkdir()
    return tmp_path


def connected(folder: Path) -> Connection:
    options = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
    }
    return Connection("folder://", transport_options=options)


def channel(folder: Path) -> Channel:
    made = connected(folder).channel()
    assert isinstance(made, Channel)
    return made


def test_it_works(folder: Path) -> None:
    sender, receiver = channel(folder), channel(folder)
    sender._put("upload", {"number": 1})
    sender._put("train", {"number": 2})
    sender._put("upload", {"number": 3})
    assert receiver._size("upload") == 2
    assert [receiver._get("upload")["number"] for _ in range(2)] == [1, 3]
    with pytest.raises(Empty):
        receiver._get("upload")
    assert receiver._get("train") == {"number": 2}
    assert [*(folder / "messages").iterdir()] == []


@pytest.mark.parametrize("content", [b"", b'{"body": "half'])
def test_a_message_that_cannot_be_read_is_passed_over(folder: Path, content: bytes) -> None:
    (folder / "messages" / "-first.upload.msg").write_bytes(content)
    receiver = channel(folder)
    receiver._put("upload", {"number": 1})
    assert receiver._get("upload") == {"number": 1}
    assert [*(folder / "messages").iterdir()] == []


def test_an_empty_table_of_queues_is_written_anew(folder: Path) -> None:
    (folder / "control" / "upload.exchange").touch()
    made = channel(folder)
    assert made.get_table("upload") == []
    made._queue_bind("upload", "upload", "", "upload")
    made._queue_bind("upload", "upload", "", "upload")
    assert [row.queue for row in made.get_table("upload")] == ["upload"]


def test_everybody_gets_each_message_once_and_whole(folder: Path) -> None:
    """Write and read at the same time: this ends in an error with Kombu's own transport."""
    found: list[int] = []
    over = threading.Event()

    def write(writer: int) -> None:
        made = channel(folder)
        for number in range(MESSAGES):
            made._put("upload", {"number": writer * MESSAGES + number, "filling": "x" * 5000})

    def read() -> None:
        made = channel(folder)
        while True:
            at_end = over.is_set()
            try:
                found.append(made._get("upload")["number"])
            except Empty:
                if at_end:
                    return

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    for thread in readers:
        thread.join()
    assert sorted(found) == list(range(WRITERS * MESSAGES))


def test_what_a_killed_process_left_aside_is_removed_once_it_is_old(folder: Path) -> None:
    fresh, old = (folder / "messages" / f"{name}{ASIDE}" for name in ("fresh", "old"))
    for path in (fresh, old):
        path.touch()
    os.utime(old, (0, 0))
    channel(folder)
    assert [*(folder / "messages").iterdir()] == [fresh]


def taking(connection: Connection, name: str, received: list[Any]) -> Consumer:
    """Consume a queue; Kombu remembers for the whole process what is bound, so give it a name."""

    def take(body: Any, message: Any) -> None:
        received.append(body)
        message.ack()

    queue = Queue(name, Exchange(name), routing_key=name)
    return Consumer(connection, [queue], callbacks=[take], accept=["json"])


def test_an_idle_worker_looks_only_where_something_changed(folder, monkeypatch):
    looks: list[str] = []
    get = Channel._get

    def counted(self: Channel, queue: str, timeout: float | None = None) -> Any:
        looks.append(queue)
        return get(self, queue, timeout)

    monkeypatch.setattr(Channel, "_get", counted)
    received: list[Any] = []
    with connected(folder) as connection, taking(connection, "idle", received):
        long_ago = time.time() - 60
        os.utime(folder / "messages", (long_ago, long_ago))
        for _ in range(5):  # of half a second, each with ten polls
            with pytest.raises(TimeoutError):
                connection.drain_events(timeout=0.1)
        assert len(looks) == 1
        connection.Producer().publish({}, routing_key="idle", exchange="idle")
        os.utime(folder / "messages", (long_ago, long_ago + 1))
        connection.drain_events(timeout=5)
        assert len(received) == 1


def test_what_comes_in_the_same_tick_as_the_look_before_is_found(folder, monkeypatch):
    """A file system's clock ticks some hundred times a second; here it stands still."""
    now = time.time()
    received: list[Any] = []
    with connected(folder) as connection, taking(connection, "tick", received):
        os.utime(folder / "messages", (now, now))
        monkeypatch.setattr(time, "time_ns", lambda: int(now * 1e9))
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.1)
        connection.Producer().publish({}, routing_key="tick", exchange="tick")
        os.utime(folder / "messages", (now, now))
        connection.drain_events(timeout=5)
        assert len(received) == 1


def test_the_program_uses_it() -> None:
    assert isinstance(app.connection().transport, Transport)
