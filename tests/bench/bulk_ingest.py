"""Bringing pictures in: a ZIP of 2,000 photos over the API, and what the worker needs for it."""

import base64
import io
import re
import statistics
import sys
import time
from pathlib import Path

import requests

from tests.bench import reference
from tests.bench.figures import ROUNDS, at_least, at_most, seconds
from tests.live import EMAIL, PASSWORD, Server, running
from tests.pictures import packed, packed_files, photos

PICTURES = 2000
FEW, MANY = 2_000, 20_000


def main() -> None:
    """Print `bulk.ingest` and what the worker's memory grows by."""
    at_least("bulk.ingest", _ingest(), 0.70)
    few, many = (_worker_memory(_tiny(count), count) for count in (FEW, MANY))
    at_most(f"bulk.ingest.memory {many - few:.0f} MB of {few:.0f} MB", many / few, 1.25)


class Api:
    """A script that uploads over the API."""

    def __init__(self, server: Server) -> None:
        server.manage("user", "create", "--email", EMAIL, "--password", PASSWORD)
        key = server.manage("token", "create", "--email", EMAIL, "--name", "bench")
        self.server = server
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {key}"
        self.address = server.url + "account/v2/upload/"

    def send(self, name: str, archive: io.BytesIO, **fields: object) -> str:
        """Send one archive and have it brought in; returns the upload's address."""
        begun = self.session.post(self.address, json={"name": name, "auto_commit": True} | fields)
        begun.raise_for_status()
        upload = f"{self.address}{begun.json()['id']}"
        size = archive.getbuffer().nbytes
        told = base64.b64encode(name.encode()).decode()
        sent = self.session.post(
            f"{upload}/part",
            data=archive,
            headers={
                "Tus-Resumable": "1.0.0",
                "Upload-Length": str(size),
                "Upload-Metadata": f"filename {told}",
                "Content-Type": "application/offset+octet-stream",
                "Content-Length": str(size),
            },
        )
        sent.raise_for_status()
        if sent.headers.get("Upload-Offset") != str(size):
            raise RuntimeError("the archive did not arrive")
        self.session.post(f"{upload}/finish").raise_for_status()
        return upload

    def wait(self, upload: str, count: int) -> None:
        """Wait until so many pictures are in."""
        while (files := self._files(upload))["added"] < count:
            if files["failed"]:
                raise RuntimeError(f"the upload failed: {files}")
            time.sleep(0.2)

    def _files(self, upload: str) -> dict[str, int]:
        found: dict[str, int] = self.session.get(upload).json()["files"]
        return found


def _ingest() -> float:
    """Rate from the first byte sent to the last thumbnail, over the bare loop's."""
    ours, bare = [], []
    with running() as server:
        api = Api(server)
        for number in range(ROUNDS):
            files = photos(PICTURES, seed=number)
            archive = packed(files)
            ours.append(seconds(lambda a=archive: _bring_in(api, a)))  # type: ignore[misc]
            bare.append(seconds(lambda f=files: reference.ingest(f)))  # type: ignore[misc]
            print(f"  {bare[-1] / ours[-1]:.2f} in {ours[-1]:.1f} s", file=sys.stderr)
    return statistics.median(bare) / statistics.median(ours)


def _bring_in(api: Api, archive: bytes) -> None:
    upload = api.send("photos.zip", io.BytesIO(archive), new_type="Same photo")
    api.wait(upload, PICTURES)


def _tiny(count: int) -> bytes:
    files = photos(count, size=(24, 18))
    return packed_files({f"tiny/{n // 100:04d}/{n:06d}.jpg": one for n, one in enumerate(files)})


def _worker_memory(archive: bytes, count: int) -> float:
    """Return the most that the worker has held, in MB, after bringing in an archive."""
    with running() as server:
        api = Api(server)
        api.wait(api.send("tiny.zip", io.BytesIO(archive)), count)
        return _most_held(server.worker_pid())


def _most_held(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
