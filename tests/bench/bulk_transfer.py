"""How fast one large file arrives through the web server, and what memory that takes.

The reference is a plain copy with SHA-256 on the same disk. Run as `python -m
tests.bench.bulk_transfer [GB]`: with a number, a transfer of so many GB follows, for the memory.
"""

import hashlib
import random
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import requests

from tests.bench.figures import at_least, at_most
from tests.bench.quiet import quiet_seconds
from tests.live import EMAIL, PASSWORD, Server, running

MB: Final = 1 << 20
SIZE: Final = 400 * MB
PIECE: Final = 64 * MB  # as the browser's uploader sends it
ROUNDS: Final = 5
TUS: Final = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


def main(gigabytes: float = 2) -> None:
    """Print `bulk.transfer` and `bulk.memory`."""
    with tempfile.TemporaryDirectory(prefix="likewise-bench-") as folder, running() as server:
        file = Path(folder, "sent.bin")
        _write(file)
        sender = Sender(server)
        ours, bare = [], []
        for number in range(ROUNDS):
            part = sender.name(SIZE)
            ours.append(quiet_seconds(server, partial(sender.send, part, file)))
            target = Path(folder, f"copy-{number}")
            bare.append(quiet_seconds(server, partial(copy, file, target)))
            target.unlink()
        at_least("bulk.transfer", statistics.median(bare) / statistics.median(ours), 0.40)
        at_most("bulk.memory", sender.growth(file, int(gigabytes * 1024) * MB), 16)


def copy(source: Path, target: Path) -> str:
    """Copy a file and hash it on the way."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while data := reading.read(MB):
            digest.update(data)
            writing.write(data)
    return digest.hexdigest()


class Sender:
    """A script with a token that sends a file in pieces."""

    def __init__(self, server: Server) -> None:
        server.manage("user", "create", "--email", EMAIL, "--password", PASSWORD)
        key = server.manage("token", "create", "--email", EMAIL, "--name", "bench")
        self.server, self.session = server, requests.Session()
        self.session.headers["Authorization"] = f"Token {key}"
        answer = self.session.post(f"{server.url}account/v2/upload", json={"name": "bench"})
        self.upload = answer.json()["id"]

    def name(self, size: int) -> str:
        """Name a file; return where its bytes go."""
        answer = self.session.post(
            f"{self.server.url}account/v2/upload/{self.upload}/part",
            headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(size)},
        )
        answer.raise_for_status()
        return answer.headers["Location"]

    def send(self, part: str, file: Path, start: int = 0) -> None:
        """Send the whole file from an offset on."""
        with file.open("rb") as reading:
            for place in range(0, SIZE, PIECE):
                headers = TUS | {"Upload-Offset": str(start + place)}
                body = Window(reading, min(PIECE, SIZE - place))
                size = len(body)
                answer = self.session.patch(part, data=body, headers=headers)
                answer.raise_for_status()
                if int(answer.headers["Upload-Offset"]) != start + place + size:
                    raise RuntimeError("not all of it arrived")

    def growth(self, file: Path, size: int) -> float:
        """Send so many bytes; return by how many MB the web server's peak grew."""
        whole = size // SIZE
        part = self.name(whole * SIZE)
        before = _peak(self.server)
        for number in range(whole):
            self.send(part, file, number * SIZE)
        return (_peak(self.server) - before) / MB


class Window:
    """So many bytes of an open file, as requests wants a body of known length."""

    def __init__(self, file: object, size: int) -> None:
        self._file, self._left = file, size

    def __len__(self) -> int:
        return self._left

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        data: bytes = self._file.read(min(max(size, MB), self._left))  # type: ignore[attr-defined]
        self._left -= len(data)
        return data


def _write(file: Path) -> None:
    dice = random.Random(1)
    with file.open("wb") as writing:
        for _ in range(SIZE // MB):
            writing.write(dice.randbytes(MB))


def _peak(server: Server) -> int:
    mark = f"LIKEWISE_PORT={server.port}".encode()
    most = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment, line = (folder / "environ").read_bytes(), (folder / "cmdline").read_bytes()
            status = (folder / "status").read_text()
        except OSError:
            continue
        if b"gunicorn" in line and mark in environment.split(b"\0"):
            most = max(most, int(status.split("VmHWM:")[1].split()[0]) * 1024)
    return most


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
