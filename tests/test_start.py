"""Test `manage.py start` in an empty folder: one URL, one instance, nothing left behind."""

import contextlib
import json
import os
import re
import shutil
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

from tests import prepared

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


def environment_for(folder: Path, static: Path, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIKEWISE_")}
    for name in ("DATABASE_URL", "REDIS_URL"):
        kept.pop(name, None)
    return kept | {
        "LIKEWISE_ENV": os.devnull,
        "LIKEWISE_DATA": str(folder),
        "LIKEWISE_STATIC": str(static),
        "LIKEWISE_PORT": str(port),
        "LIKEWISE_RESERVE_DISK": "0",
    }


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Collect the static files once for all: compressing them takes the longest."""
    return tmp_path_factory.mktemp("static")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, static: Path) -> Iterator[Installation]:
    environment = environment_for(tmp_path_factory.mktemp("data"), static, free_port())
    process = start(environment)
    first_line = read_line(process)
    address = f"http://127.0.0.1:{environment['LIKEWISE_PORT']}"
    yield Installation(process, environment, address, first_line)
    process.kill()
    process.communicate()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def children_of(process: subprocess.Popen[str]) -> list[Path]:
    """Return where Linux shows the children; elsewhere nothing is known of them."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return (
        [Path("/proc") / pid for pid in children.read_text().split()] if children.exists() else []
    )


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
    assert (Path(running.environment["LIKEWISE_STATIC"]) / ".fingerprint").is_file()


def test_web_database_and_worker_come_up(running: Installation) -> None:
    assert health(running.address) == {
        "web": "ok",
        "database": "ok",
        "worker": "ok",
    }


def test_a_second_start_in_the_folder_is_refused(running: Installation) -> None:
    second = start(running.environment | {"LIKEWISE_PORT": str(free_port())})
    said = second.communicate(timeout=30)[0]
    assert second.returncode == 1
    assert re.fullmatch(r"CommandError: Likewise is already running from .+\n", said)


def test_a_taken_port_is_told_in_one_sentence(
    running: Installation, static: Path, tmp_path: Path
) -> None:
    taken = int(running.environment["LIKEWISE_PORT"])
    other = start(environment_for(tmp_path, static, taken))
    said = other.communicate(timeout=30)[0]
    assert other.returncode == 1
    assert re.fullmatch(r"CommandError: Cannot listen on 127\.0\.0\.1:\d+ \(Address .+\n", said)


def test_it_ends_with_all_it_started_and_starts_again_at_once(static: Path, tmp_path: Path) -> None:
    environment = environment_for(tmp_path, static, free_port())
    environment |= {"LIKEWISE_ADMIN_EMAIL": "olga@example.com"}
    environment |= {"LIKEWISE_ADMIN_PASSWORD": "correct-horse-battery"}
    shutil.copy(prepared.sqlite_file(), tmp_path / prepared.SQLITE)
    first = start(environment)
    home = f"Likewise: http://localhost:{environment['LIKEWISE_PORT']}/\n"
    assert read_line(first) == home
    health(f"http://127.0.0.1:{environment['LIKEWISE_PORT']}")
    children = children_of(first)
    first.send_signal(signal.SIGTERM)
    assert first.communicate(timeout=20)[0].endswith("Stopped.\n")
    assert first.returncode == 0
    assert not any(child.exists() for child in children)

    written = (static / ".fingerprint").stat().st_mtime_ns
    second = start(environment)
    assert read_line(second) == home
    assert (static / ".fingerprint").stat().st_mtime_ns == written, "files were collected again"
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=20)
    assert second.returncode == 0
