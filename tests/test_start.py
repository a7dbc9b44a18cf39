"""`manage.py start` from an empty folder: one address, one instance, nothing left behind."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.live


@dataclass
class Installation:
    process: subprocess.Popen[str]
    environment: dict[str, str]
    address: str
    first_line: str


def start(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "start"],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def environment_for(folder: Path, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIKEWISE_")}
    for name in ("DATABASE_URL", "REDIS_URL"):
        kept.pop(name, None)
    return kept | {
        "LIKEWISE_ENV": os.devnull,
        "LIKEWISE_DATA": str(folder),
        "LIKEWISE_PORT": str(port),
    }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    environment = environment_for(tmp_path_factory.mktemp("data"), free_port())
    process = start(environment)
    assert process.stdout is not None
    first_line = process.stdout.readline()
    address = f"http://127.0.0.1:{environment['LIKEWISE_PORT']}"
    yield Installation(process, environment, address, first_line)
    process.kill()
    process.communicate()


def health(address: str) -> dict[str, str]:
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(urllib.error.HTTPError):
            answer = urllib.request.urlopen(f"{address}/healthz", timeout=30)
            assert answer.headers["Server"] == "likewise"
            return dict(json.load(answer))
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_first_start_prints_the_set_up_link(running: Installation) -> None:
    port = running.environment["LIKEWISE_PORT"]
    assert re.match(rf"Likewise: http://localhost:{port}/setup\?key=\S+ ", running.first_line)
    assert (Path(running.environment["LIKEWISE_DATA"]) / "static/.fingerprint").is_file()


def test_web_database_and_worker_come_up(running: Installation) -> None:
    assert health(running.address) == {"web": "ok", "database": "ok", "worker": "ok"}


def test_a_second_start_in_the_folder_is_refused(running: Installation) -> None:
    second = start(running.environment | {"LIKEWISE_PORT": str(free_port())})
    said = second.communicate(timeout=30)[0]
    assert second.returncode == 1
    assert re.fullmatch(r"CommandError: Likewise is running already from .+\n", said)


def test_a_taken_port_is_told_in_one_sentence(running: Installation, tmp_path: Path) -> None:
    other = start(environment_for(tmp_path, int(running.environment["LIKEWISE_PORT"])))
    said = other.communicate(timeout=30)[0]
    assert other.returncode == 1
    assert re.fullmatch(r"CommandError: Cannot listen on 127\.0\.0\.1:\d+ \(Address .+\n", said)


def test_it_ends_with_all_that_it_started(running: Installation) -> None:
    health(running.address)
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
    started = [int(pid) for pid in children.read_text().split()] if children.exists() else []
    running.process.send_signal(signal.SIGTERM)
    said = running.process.communicate(timeout=20)[0]
    assert running.process.returncode == 0
    assert said.endswith("Stopped.\n")
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


def test_a_second_start_takes_under_five_seconds(running: Installation) -> None:
    running.process.wait(timeout=20)
    began = time.monotonic()
    again = start(running.environment)
    assert again.stdout is not None
    assert again.stdout.readline().startswith("Likewise: ")
    took = time.monotonic() - began
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=20)
    assert took < 5
