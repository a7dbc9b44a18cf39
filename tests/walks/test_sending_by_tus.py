"""Files arrive by tus on a running installation, whatever happens to connections and servers."""

import io
import os
import random
import signal
import socket
import threading
import time
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from tusclient.client import TusClient

from tests.factories import drawn_jpeg
from tests.live import EMAIL, Server

pytestmark = pytest.mark.live
MB = 1 << 20
PATIENCE = 90
PICTURES = 24
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}


class Pieces:
    """A body of known length that is made while it is sent."""

    def __init__(
        self, block: bytes, many: int, before: Callable[[int], None] | None = None
    ) -> None:
        self.block, self.many, self.before = block, many, before
        self.at = 0

    def __len__(self) -> int:
        return len(self.block) * self.many

    def read(self, size: int) -> bytes:
        if self.before:
            self.before(self.at)
        within = self.at % len(self.block)
        data = self.block[within : within + min(size, len(self) - self.at)]
        self.at += len(data)
        return data


class Sender:
    """A script with a token and a workspace: one upload, and the calls that tus is made of."""

    def __init__(self, server: Server) -> None:
        self.server = server
        key = server.manage("token", "create", "--email", EMAIL, "--name", "walk")
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {key}"
        named = {"name": f"Walk {uuid.uuid4()}"}
        self.workspace = self.api("POST", "account/v2/workspace/", json=named)["id"]
        body = {"name": "walk", "workspace": self.workspace}
        self.upload = self.api("POST", "account/v2/upload", json=body)

    def api(self, method: str, path: str, **options: Any) -> Any:
        answer = self.session.request(method, self.server.url + path, timeout=60, **options)
        answer.raise_for_status()
        return answer.json()

    @property
    def path(self) -> str:
        return f"account/v2/upload/{self.upload['id']}"

    def name(self, size: int) -> str:
        """Name a file; return where its bytes go."""
        address = urljoin(self.server.url, f"{self.path}/part")
        headers = TUS | {"Upload-Length": str(size)}
        return self.session.post(address, headers=headers, timeout=60).headers["Location"]

    def patch(self, part: str, data: Any, start: int) -> requests.Response:
        headers = TUS | BYTES | {"Upload-Offset": str(start)}
        return self.session.patch(part, data=data, headers=headers, timeout=120)

    def offset(self, part: str) -> int:
        """Ask where a file goes on, as soon as somebody answers."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                answer = self.session.head(part, headers=TUS, timeout=30)
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code == 200:
                return int(answer.headers["Upload-Offset"])
            time.sleep(0.1)
        raise AssertionError("nobody answers")

    def wait_for_offset(self, part: str, wanted: int) -> None:
        """Wait until so many bytes are here for good."""
        end = time.monotonic() + PATIENCE
        while self.offset(part) < wanted:
            assert time.monotonic() < end, "the server does not get on"
            time.sleep(0.1)

    def bring_in(self) -> dict[str, int]:
        """Have everything looked through and brought in; return what became of the files."""
        self.api("POST", f"{self.path}/finish")
        self._wait(lambda upload: upload["stage"] == "planned")
        self.api("POST", f"{self.path}/commit")
        return dict(self._wait(lambda upload: not upload["files"]["waiting"])["files"])

    def _wait(self, enough: Callable[[Any], bool]) -> Any:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if enough(upload := self.api("GET", self.path)):
                return upload
            time.sleep(0.1)
        raise AssertionError("the upload did not end")


@pytest.fixture
def sender(shared_server: Server) -> Sender:
    return Sender(shared_server)


def archive(padding: int) -> bytes:
    """Pack pictures with something behind each, which no decoder minds."""
    dice = random.Random(7)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as packed:
        for seed in range(PICTURES):
            packed.writestr(f"red/{seed}.jpg", drawn_jpeg(seed) + dice.randbytes(padding))
    return stream.getvalue()


def web_pids(server: Server) -> list[int]:
    """Return the processes of the web server."""
    mark = f"LIKEWISE_PORT={server.port}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue
        if b"gunicorn" in line and mark in environment.split(b"\0"):
            found.append(int(folder.name))
    return found


def kill_the_web_server(server: Server) -> None:
    for pid in web_pids(server):
        os.kill(pid, signal.SIGKILL)


def test_a_client_that_is_not_ours(sender: Sender) -> None:
    whole = archive(padding=200_000)
    client = TusClient(
        urljoin(sender.server.url, f"{sender.path}/part"),
        headers=dict(sender.session.headers),
    )
    meta = {"filename": "shoes.zip"}
    first = client.uploader(file_stream=io.BytesIO(whole), chunk_size=MB, metadata=meta)
    first.upload_chunk()
    first.upload_chunk()
    again = client.uploader(file_stream=io.BytesIO(whole), chunk_size=MB, url=first.url)
    assert again.offset == 2 * MB
    again.upload()
    assert sender.bring_in()["added"] == PICTURES


def test_the_web_server_is_killed_in_the_middle(sender: Sender) -> None:
    whole = archive(padding=3 * MB)
    part = sender.name(len(whole))
    killed: list[int] = []

    def kill_once(at: int) -> None:
        if at >= 40 * MB and not killed:
            killed.append(at)
            sender.wait_for_offset(part, 32 * MB)  # the server may lag behind what is on the road
            kill_the_web_server(sender.server)

    with pytest.raises(requests.RequestException):
        sender.patch(part, Pieces(whole, 1, kill_once), 0)
    # What was on its way is lost, the chunk before that was whole.
    assert killed
    assert (here := sender.offset(part)) == 32 * MB
    assert sender.patch(part, whole[here:], here).status_code == 204
    assert sender.bring_in()["added"] == PICTURES


def test_a_connection_breaks(sender: Sender) -> None:
    whole = archive(padding=100_000)
    part = sender.name(len(whole))
    address = urlsplit(part)
    head = (
        f"PATCH {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: {sender.session.headers['Authorization']}\r\nTus-Resumable: 1.0.0\r\n"  # type: ignore[str-bytes-safe]
        f"Upload-Offset: 0\r\nContent-Type: {BYTES['Content-Type']}\r\n"
        f"Content-Length: {len(whole)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", sender.server.port)) as line:
        line.sendall(head.encode() + whole[: len(whole) // 2])
    here = len(whole) // 2
    sender.wait_for_offset(part, here)
    assert sender.offset(part) == here
    sender.patch(part, whole[here:], here)
    assert sender.bring_in()["added"] == PICTURES


def test_two_bring_the_same_bytes_at_once(sender: Sender) -> None:
    whole = archive(padding=200_000)
    part = sender.name(len(whole))
    barrier = threading.Barrier(4)
    statuses: list[int] = []

    def send() -> None:
        session = Sender.__new__(Sender)
        session.session = requests.Session()
        session.session.headers.update(sender.session.headers)
        barrier.wait()
        statuses.append(session.patch(part, whole, 0).status_code)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [204, 409, 409, 409]
    assert sender.offset(part) == len(whole)
    assert len([*sender.server.folder.glob(f"files/{sender.workspace}/uploads/*/*/*/*")]) == 1
    assert sender.bring_in()["added"] == PICTURES


def peak(pids: list[int]) -> int:
    """Return the most memory that any of the processes ever had, in bytes."""
    lines = [Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1] for pid in pids]
    return max(int(line.split()[0]) for line in lines) * 1024


def test_memory_does_not_grow_with_the_file(sender: Sender) -> None:
    size = 2048 * MB
    block = random.Random(7).randbytes(MB)
    part = sender.name(size)
    assert sender.patch(part, Pieces(block, 40), 0).status_code == 204
    pids = web_pids(sender.server)
    before = peak(pids)
    assert sender.patch(part, Pieces(block, 2008), 40 * MB).status_code == 204
    assert sender.offset(part) == size
    assert peak(pids) - before < 16 * MB
