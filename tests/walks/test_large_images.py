"""Ten images of as many pixels as there may be, at once: to the web server and to the worker."""

import base64
import io
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.live import EMAIL, Server

pytestmark = pytest.mark.live
COUNT = 10
MB = 1_000_000
SIZE = (8000, 6250)


@pytest.fixture
def set_up(set_up: dict[str, str]) -> dict[str, str]:
    """Give the worker as many slots as there are images."""
    return set_up | {"LIKEWISE_WORKERS": "10", "LIKEWISE_JOBS_PER_WORKSPACE": "10"}


@pytest.fixture(scope="module")
def bombs() -> list[str]:
    """Return lossless WebPs of some forty bytes each, different ones, as base64."""
    return [*_bombs()]


def _bombs() -> Iterator[str]:
    for number in range(2 * COUNT):
        stream = io.BytesIO()
        image = Image.new("RGBA", SIZE, (number, 200, 30, 128))
        image.save(stream, "WEBP", lossless=True, quality=0, method=0, exact=True)
        assert len(stream.getvalue()) < 100
        yield base64.b64encode(stream.getvalue()).decode()


def test_ten_at_once(server: Server, bombs: list[str]) -> None:
    key = server.manage("token", "create", "--email", EMAIL, "--name", "walk")
    client = requests.Session()
    client.headers["Authorization"] = f"Token {key}"
    web, worker = _web_servers(server), server.worker_pid()
    before = {pid: _memory(pid, "VmRSS") for pid in (*web, worker)}

    def upload(picture: str) -> requests.Response:
        address = server.url + "recognition/v2/training-image"
        head = dict(client.headers)
        return requests.post(address, json={"base64": picture}, headers=head, timeout=300)

    with ThreadPoolExecutor(COUNT) as pool:
        answers = [*pool.map(upload, bombs[:COUNT])]
    assert [answer.status_code for answer in answers] == [201] * COUNT, answers[0].text
    _post_to_the_worker(server, client, bombs[COUNT:])
    for pid in before:
        assert _memory(pid, "VmHWM") - before[pid] < 1000 * MB
        assert _memory(pid, "VmRSS") - before[pid] < 300 * MB  # the encoder is loaded meanwhile


def _post_to_the_worker(server: Server, client: requests.Session, pictures: list[str]) -> None:
    """Ask for ten uploads, each a job of its own, and wait until all are done."""
    address = server.url + "account/v2/request"
    asked = []
    for picture in pictures:
        body = {"type": "upload", "records": [{"_base64": picture}]}
        answer = client.post(address, json=body, timeout=60)
        assert answer.status_code == 202, answer.text
        asked.append(answer.json()["id"])
    end = time.monotonic() + 300
    for request in asked:
        while (state := client.get(f"{address}/{request}", timeout=60).json())["status"] != "DONE":
            assert time.monotonic() < end, state
            time.sleep(0.5)
        assert state["progress"]["done"] == 1, state


def _web_servers(server: Server) -> list[int]:
    """Return the processes that answer requests: the children of gunicorn."""
    assert server._process is not None
    found = []
    for pid in _children(server._process.pid):
        if b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes():
            found += _children(pid)
    assert found
    return found


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def _memory(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))
