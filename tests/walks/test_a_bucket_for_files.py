"""PostgreSQL, Redis, a bucket, and workers on two machines: the disk holds nothing of it."""

import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests

from tests.factories import drawn_jpeg
from tests.live import EMAIL, PASSWORD, ROOT, Server, running
from tests.pictures import packed
from tests.rows import Rows
from tests.s3 import BucketOfTests, buckets
from tests.sending import post_form, send_zip

pytestmark = [pytest.mark.live, pytest.mark.parametrize("set_up", ["postgres"], indirect=True)]
PICTURES, GROUPS = 60, 6
PATIENCE = 90


@pytest.fixture
def bucket() -> Iterator[BucketOfTests]:
    with buckets() as server:
        yield server.new("likewise")


@pytest.fixture
def server(set_up: dict[str, str], bucket: BucketOfTests) -> Iterator[Server]:
    """Run the program, and a second worker in a folder of its own."""
    where = set_up | {"LIKEWISE_STORAGE": bucket.address, "SECRET_KEY": "one for all machines"}
    with running(**where) as server, another_worker(server):
        server.manage("user", "create", "--email", EMAIL, "--password", PASSWORD)
        yield server


@contextmanager
def another_worker(server: Server) -> Iterator[None]:
    """Run a worker in a folder of its own, as on another machine, and see that it keeps nothing."""
    with tempfile.TemporaryDirectory(prefix="likewise-", ignore_cleanup_errors=True) as folder:
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "start", "worker"],
            cwd=ROOT,
            env=server.environment | {"LIKEWISE_DATA": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            worker.terminate()
            worker.wait(timeout=30)
        assert not [*Path(folder).glob("files/**/*")]


def wait_for_workers(rows: Rows, count: int) -> None:
    """Wait until so many have given a sign of life."""
    end = time.monotonic() + PATIENCE
    while rows.one("SELECT count(*) FROM dashboard_workersign") < count:
        assert time.monotonic() < end, "a worker did not start"
        time.sleep(0.1)


def test_from_upload_to_search(server: Server, bucket: BucketOfTests) -> None:
    session, rows = server.signed_in(), Rows(server)
    wait_for_workers(rows, 2)
    api = Api(server, server.manage("token", "create", "--email", EMAIL, "--name", "walk"))
    files = [drawn_jpeg(seed % GROUPS, (600 + seed, 500)) for seed in range(PICTURES)]
    send_zip(server, session, packed([*files], per_folder=PICTURES // GROUPS))
    rows.wait("upload")
    images = api.get("recognition/v2/training-image?page_size=1000")
    assert images["count"] == PICTURES
    assert len(stored(bucket, "images")) == len(stored(bucket, "thumbnails")) == PICTURES
    assert not stored(bucket, "uploads")

    _train(api)
    assert len(stored(bucket, "versions")) == 3
    version = rows.one("SELECT id FROM dashboard_version")
    post_form(server, session, "extractions/", {"version": str(version), "file_format": "jsonl"})
    rows.wait("extract")
    extraction = rows.one("SELECT id FROM dashboard_extraction")
    lines = session.get(f"{server.url}extractions/{uuid.UUID(str(extraction))}/file", timeout=60)
    assert len(lines.text.splitlines()) == 1 + PICTURES

    found = post_form(
        server,
        session,
        "search/",
        {"version": str(version)},
        files={"file": ("query.jpg", files[3])},
    )
    links = {urlsplit(image["img_path"]).path for image in images["results"]}
    assert any(link.replace("/images/", "/thumbs/") in found.text for link in links)
    _picture_is_sent(images["results"][0]["img_path"])
    _nothing_is_on_the_disk(server)
    assert (
        unquote(bucket.address.partition("@")[0].rpartition(":")[2]) not in server.log.read_text()
    )


def stored(bucket: BucketOfTests, noun: str) -> list[str]:
    return [name for name in bucket.names() if f"/{noun}/" in name]


def _train(api: "Api") -> None:
    (kind,) = api.get("similarity/training/v2/type")["results"]
    task = api.post("similarity/training/v2/task", {"name": "Photos"})["id"]
    api.post(f"similarity/training/v2/task/{task}/add-type", {"type_id": kind["id"]})
    training = api.post("account/v2/request/", {"type": "train", "task_id": task})
    assert api.wait(training["id"])["status"] == "DONE"


def _picture_is_sent(link: str) -> None:
    picture = requests.get(link, timeout=30)
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert int(picture.headers["Content-Length"]) == len(picture.content) > 1000
    assert picture.headers["Cache-Control"].startswith("private")
    assert requests.get(link.partition("?")[0], timeout=30).status_code == 403


def _nothing_is_on_the_disk(server: Server) -> None:
    assert not [*server.folder.glob("files/**/*")]
    assert not [*server.folder.glob("tmp/**/*")]


class Api:
    """Calls of the API with a key."""

    def __init__(self, server: Server, key: str) -> None:
        self._url = server.url
        self._headers = {"Authorization": f"Token {key}"}

    def get(self, path: str) -> Any:
        answer = requests.get(self._url + path, headers=self._headers, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = requests.post(self._url + path, json=body, headers=self._headers, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def wait(self, request_id: str) -> Any:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.get(f"account/v2/request/{request_id}")
            if answer["status"] in ("DONE", "FAILED"):
                return answer
            time.sleep(0.1)
        raise AssertionError("the request did not end")
