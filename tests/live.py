"""Run the program as people do: `manage.py start` in a separate folder, with a session."""

import os
import re
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
from urllib.parse import urljoin

import requests

from tests import prepared

ROOT = Path(__file__).parents[1]
EMAIL, PASSWORD = "alice@example.org", "correct horse battery"


class Server:
    """A running Likewise and the means to call it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}/"
        self.log = folder / "server.log"
        self.environment = (
            {name: value for name, value in os.environ.items() if not name.startswith("LIKEWISE_")}
            | {
                "LIKEWISE_ENV": os.devnull,
                "LIKEWISE_DATA": str(folder),
                "LIKEWISE_STATIC": str(prepared.static_files()),
                "LIKEWISE_PORT": str(self.port),
                "LIKEWISE_THROTTLE": "0",
                "LIKEWISE_RESERVE_DISK": "0",
            }
            | environment
        )
        if not self.environment.get("DATABASE_URL"):
            shutil.copy(prepared.sqlite_file(), folder / prepared.SQLITE)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start web server and worker and wait until both answer."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "start"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                if requests.get(self.url + "healthz", timeout=20).status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"the server did not start:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        """Stop the program with SIGTERM and check that it ends."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=30)

    def worker_pid(self) -> int:
        """Return the worker's process id: the supervisor's child that runs Celery."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        for pid in children.split():
            if b"celery" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        raise RuntimeError("there is no worker")

    def manage(self, *arguments: str) -> str:
        """Run a management command and return its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def setup_link(self) -> str:
        """Return the single-use link that the first start printed."""
        found = re.search(r"\S+/setup\?key=\S+", self.log.read_text())
        if found is None:
            raise RuntimeError("no set-up link was printed")
        return found[0]

    def signed_in(self, email: str = EMAIL, password: str = PASSWORD) -> requests.Session:
        """Sign in as a browser would."""
        session = requests.Session()
        address = urljoin(self.url, "accounts/login/")
        page = session.get(address).text
        answer = session.post(
            address,
            data={
                "login": email,
                "password": password,
                "csrfmiddlewaretoken": csrf_of(page),
            },
        )
        answer.raise_for_status()
        return session


@contextmanager
def running(**environment: str) -> Iterator[Server]:
    """Run the program in a temporary folder until the block ends."""
    with tempfile.TemporaryDirectory(prefix="likewise-run-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder), environment)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def csrf_of(page: str) -> str:
    """Return the CSRF token of a page's form."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    if found is None:
        raise RuntimeError("the page has no form")
    return found[1]
