"""Run the program as separate processes that can be killed and restarted one by one."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import redis
import requests

from tests import setups
from tests.faults.proxy import Proxy
from tests.live import EMAIL, PASSWORD, ROOT, Server
from tests.rows import Rows

QUICK = {"LIKEWISE_LEASE": "2", "LIKEWISE_SWEEP": "0.5"}
FULL = 1  # bytes that a file may have while the disk is full
NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

Process = subprocess.Popen[bytes]


class Broker:
    """A separate Redis on a separate port, which keeps nothing when it stops."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: Process | None = None

    def start(self) -> None:
        """Start Redis and wait until it answers."""
        self._process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        with redis.Redis(port=self.port) as client:
            for _ in range(100):
                with contextlib.suppress(redis.ConnectionError):
                    client.ping()
                    return
                time.sleep(0.05)
        raise RuntimeError("redis-server did not start")

    def stop(self) -> None:
        """End Redis; its data is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Installation(Server):
    """A web server and a worker, started and killed one by one."""

    broker: Broker | None = None
    road: Proxy | None = None

    def __init__(self, folder: Path, environment: dict[str, str], direct: str = "") -> None:
        super().__init__(folder, environment)
        self.rows = Rows(self, direct)
        self.web: Process | None = None
        self.worker: Process | None = None

    def start(self) -> None:
        """Prepare the installation, start both processes and make an account."""
        self.manage("start", "prepare")
        self.start_web()
        self.start_worker()
        self.manage("user", "create", "--email", EMAIL, "--password", PASSWORD)
        self.wait_until_well()

    def stop(self) -> None:
        """End both processes."""
        for process in (self.web, self.worker):
            if process is not None:
                kill(process)

    def start_web(self) -> None:
        """Start the web server."""
        self.web = self._run("web")

    def start_worker(self) -> None:
        """Start the worker."""
        self.worker = self._run("worker")

    def restart_worker(self) -> None:
        """End the worker and start another."""
        assert self.worker is not None
        kill(self.worker)
        self.rows.execute("DELETE FROM dashboard_workersign")  # or it would look healthy at once
        self.start_worker()

    def _run(self, part: str) -> Process:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", "start", part],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_well(self, patience: float = 60) -> None:
        """Wait until web server, database and worker answer."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            with contextlib.suppress(requests.RequestException):
                if requests.get(self.url + "healthz", timeout=10).status_code == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"it is not well:\n{self.log.read_text()[-4000:]}")

    def doctor(self, *arguments: str) -> list[str]:
        """Return the doctor's findings of any age."""
        done = subprocess.run(
            [sys.executable, "manage.py", "doctor", "--older-than", "0", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.stdout, done.stderr
        *found, outcome = done.stdout.strip().splitlines()
        assert outcome == "Everything is in order." or " found, " in outcome, done.stderr
        return found

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Prevent all our processes from writing to any file, database and queue included."""
        limited: set[int] = set()
        try:
            for pid in self._processes():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (FULL, resource.RLIM_INFINITY))
                limited.add(pid)
            yield
        finally:
            for pid in limited | self._processes():
                with contextlib.suppress(ProcessLookupError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, NO_LIMIT)

    def _processes(self) -> set[int]:
        """Return web server and worker with all processes that they started."""
        sessions = {process.pid for process in (self.web, self.worker) if process is not None}
        found = set()
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = path.read_text().rpartition(")")[2].split()
                if int(fields[3]) in sessions and fields[0] != "Z":
                    found.add(int(path.parent.name))
        return found


def kill(process: Process) -> None:
    """Send SIGKILL to a process and to all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def installed(set_up: str) -> Iterator[Installation]:
    """Run the program in one of the two set-ups until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="likewise-faults-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        installation = stack.enter_context(_MADE[set_up](folder))
        stack.callback(installation.stop)
        installation.start()
        yield installation


@contextmanager
def _on_sqlite(folder: Path) -> Iterator[Installation]:
    with setups.sqlite() as settings:
        yield Installation(folder, settings | QUICK)


@contextmanager
def _on_postgres(folder: Path) -> Iterator[Installation]:
    """Connect to PostgreSQL through a proxy that can be closed, and start a Redis of its own."""
    with setups.database(setups.postgres_server()) as direct:
        address = urlsplit(direct)
        road, broker = Proxy(address.hostname or "127.0.0.1", address.port or 5432), Broker(folder)
        broker.start()
        who = f"{address.username}:{address.password or ''}@" if address.username else ""
        through = address._replace(netloc=f"{who}127.0.0.1:{road.port}").geturl()
        settings = {"DATABASE_URL": through, "REDIS_URL": f"redis://127.0.0.1:{broker.port}/0"}
        try:
            installation = Installation(folder, settings | QUICK, direct)
            installation.road, installation.broker = road, broker
            yield installation
        finally:
            broker.stop()
            road.close()


_MADE = {"sqlite": _on_sqlite, "postgres": _on_postgres}
