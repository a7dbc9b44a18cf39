"""Test a worker's start while Redis is down, hanging or refusing: jobs run from their rows.

Messages follow later. The tests assert the log and the rows, never durations.
"""

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import requests

from tests import setups
from tests.faults.installation import QUICK, Broker, Installation
from tests.live import EMAIL
from tests.pictures import packed_files, photos
from tests.sending import Sender

pytestmark = pytest.mark.live

# How Redis answers where it is not well; None: not at all, though it takes the connection.
REFUSALS = {
    "silent": None,
    "no-password": b"NOAUTH Authentication required.",
    "wrong-password": b"WRONGPASS invalid username-password pair or user is disabled.",
    "loading": b"LOADING Redis is loading the dataset in memory",
    "full": b"MISCONF Redis is configured to save RDB snapshots, but is unable to persist to disk.",
}
TRIES = 60
STOPPED_WITHIN = 15  # seconds that the supervisor gives, after which it would kill


class Refuser:
    """Something on a port that takes connections and refuses every command, or says nothing."""

    def __init__(self, port: int, answer: bytes | None) -> None:
        self.connections = 0
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            while data := client.recv(65536):
                if self._answer is not None:
                    client.sendall((b"-%b\r\n" % self._answer) * max(1, data.count(b"*")))

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Place:
    """An installation whose Redis has a port and is not there until somebody starts it."""

    def __init__(self, folder: Path, environment: dict[str, str], direct: str) -> None:
        self.broker = Broker(folder)
        environment |= QUICK | {"REDIS_URL": f"redis://127.0.0.1:{self.broker.port}/0"}
        self.installation = Installation(folder, environment, direct)
        self._seed = 0

    def start(self) -> None:
        """Start it; that it gets well shows that the worker gives signs of life."""
        self.installation.start()
        key = self.installation.manage("token", "create", "--email", EMAIL, "--name", "redis")
        self.sender = Sender(self.installation, key)

    def stop(self) -> None:
        self.installation.stop()
        self.broker.stop()

    def work(self) -> str:
        """Send a picture and wait until its job is done; return the job's id."""
        self._seed += 1
        files = {"a/1.jpg": photos(1, (60, 40), seed=self._seed)[0]}
        self.sender.send(f"{self._seed}.zip", packed_files(files), new_type=f"Type {self._seed}")
        wanted = "SELECT count(*) FROM dashboard_job WHERE kind = 'upload'"
        assert self.installation.rows.one(wanted) == self._seed
        job = self.installation.rows.wait("upload")
        assert job["state"] == "done", job
        return str(job["id"])

    def log(self) -> str:
        return self.installation.log.read_text()

    def said(self, event: str) -> int:
        """Return how often the log names an event."""
        return self.log().count(f"event={event}")

    def works_by_message(self) -> bool:
        """Say whether, sooner or later, a message tells the worker of a job."""
        return any(self._was_woken(self.work()) for _ in range(TRIES))

    def _was_woken(self, job: str) -> bool:
        name = job if "-" in job else f"{job[:8]}-{job[8:12]}-{job[12:16]}-{job[16:20]}-{job[20:]}"
        return f"job={name} event=woken queue=upload" in self.log()


@pytest.fixture(scope="module", params=setups.NAMES)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("redis")
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            made = Place(folder, {"DATABASE_URL": ""}, "")
        else:
            if not setups.postgres_server():
                pytest.skip(setups.LACKING)
            direct = stack.enter_context(setups.database(setups.postgres_server()))
            made = Place(folder, {"DATABASE_URL": direct}, direct)
        stack.callback(made.stop)
        made.start()
        yield made


def test_a_worker_works_without_redis_and_joins_it_later(place: Place) -> None:
    # Tests run in any order: what stands in the log of others does not count.
    woken, joined = place.said("woken"), place.said("broker-joined")
    place.work()
    assert place.said("broker-away")
    assert place.said("woken") == woken
    place.broker.start()
    try:
        assert place.works_by_message()
        assert place.said("broker-joined") == joined + 1
        # Whatever Redis forgets, queues and their bindings with it, the next message makes anew.
        with redis.Redis(port=place.broker.port) as client:
            client.flushall()
        assert place.works_by_message()
    finally:
        place.broker.stop()
    place.work()
    place.broker.start()
    try:
        assert place.works_by_message()
        assert place.said("broker-joined") == joined + 2
    finally:
        place.broker.stop()


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_redis_that_refuses_holds_nobody_up(place: Place, refusal: str) -> None:
    installation = place.installation
    refuser = Refuser(place.broker.port, REFUSALS[refusal])
    try:
        installation.restart_worker()
        installation.wait_until_well()
        place.work()
        assert refuser.connections
        assert installation.worker is not None
        installation.worker.send_signal(signal.SIGTERM)
        assert installation.worker.wait(STOPPED_WITHIN) == 0
        assert requests.get(installation.url, timeout=20).status_code == 200
    finally:
        refuser.close()
        installation.start_worker()
        installation.wait_until_well()


def test_a_replica_that_takes_no_writes_holds_nobody_up(place: Place) -> None:
    place.broker.start()
    try:
        with redis.Redis(port=place.broker.port) as client:
            client.replicaof("127.0.0.1", 1)
        place.installation.restart_worker()
        place.installation.wait_until_well()
        place.work()
        with redis.Redis(port=place.broker.port) as client:
            client.replicaof("NO", "ONE")
        assert place.works_by_message()
    finally:
        place.broker.stop()


def test_a_worker_that_waits_for_redis_ends_at_once(place: Place) -> None:
    place.installation.restart_worker()
    place.installation.wait_until_well()
    assert place.installation.worker is not None
    place.installation.worker.send_signal(signal.SIGTERM)
    assert place.installation.worker.wait(STOPPED_WITHIN) == 0
    place.installation.start_worker()
