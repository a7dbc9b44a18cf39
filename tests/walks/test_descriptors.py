"""Equal pixels give equal descriptors: whoever asks, in which form, alone or among others."""

import base64
import io
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
import requests
from numpy.typing import NDArray
from pytest_django import Settings

from dashboard import runtime
from dashboard.engine.encoder import Encoder
from dashboard.jobs import runner
from dashboard.models import Feature, Job, Version
from dashboard.services.search.search import search_by_picture
from tests.factories import Cast, drawn, drawn_jpeg, make_key
from tests.live import EMAIL, Server

SIMILARITY, IMAGE = "similarity/training/v2/", "recognition/v2/training-image"
SEED, SIZE = 3, (301, 203)
FORMS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "WEBP": {"lossless": True},
}


class Client:
    """A team's program: it uploads, trains and asks for descriptors."""

    def __init__(self, endpoint: str, key: str) -> None:
        self.endpoint = endpoint
        self.head = {"Authorization": f"Token {key}"}

    def call(self, method: str, address: str, body: Any = None) -> Any:
        answer = requests.request(
            method, self.endpoint + address, json=body, headers=self.head, timeout=60
        )
        assert answer.ok, answer.text
        return answer.json()

    def train(self) -> tuple[str, list[Any]]:
        """Start a training of two groups of two photos; returns the task's id, and the images."""
        kind = self.call("POST", SIMILARITY + "type", {"name": "Alike"})["id"]
        task = self.call("POST", SIMILARITY + "task", {"name": "Shoes"})["id"]
        self.call("POST", f"{SIMILARITY}task/{task}/add-type", {"type_id": kind})
        images = []
        for name in ("Red", "Blue"):
            body = {"name": name, "type": kind}
            group = self.call("POST", SIMILARITY + "group", body)["id"]
            for seed in range(2):
                photo = drawn_jpeg(len(name) + 10 * seed, (900, 700))
                images.append(self.call("POST", IMAGE, {"base64": as_base64(photo)}))
                added = {"images": [images[-1]["id"]]}
                self.call("POST", f"{SIMILARITY}group/{group}/add-images", added)
        self.call("POST", f"{SIMILARITY}task/{task}/train", {})
        return task, images

    def descriptors(self, task: str, *records: dict[str, Any]) -> list[NDArray[np.float64]]:
        body = {"task_id": task, "records": list(records)}
        answered = self.call("POST", SIMILARITY + "descriptor", body)["records"]
        assert {record["_status"]["code"] for record in answered} == {200}, answered
        return [np.array(record["_descriptor"]) for record in answered]

    def wait_for_training(self, task: str) -> None:
        end = time.monotonic() + 90
        while time.monotonic() < end:
            (model,) = self.call("GET", f"{SIMILARITY}model?task={task}")["results"]
            if model["train_status"] == "TRAINED":
                return
            time.sleep(0.2)
        raise AssertionError(model)


class _Pictures(BaseHTTPRequestHandler):
    """Serve the pictures by their forms' names."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(pictures()[self.path.strip("/")])

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Serve the pictures at an address of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pictures) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def pictures() -> dict[str, bytes]:
    """Save one picture in every form that keeps its pixels."""
    files = {}
    for form, options in FORMS.items():
        stream = io.BytesIO()
        drawn(SEED, SIZE).save(stream, form, **options)
        files[form] = stream.getvalue()
    return files


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def every_way(elsewhere: str) -> list[dict[str, Any]]:
    """Return records of the one picture: each form, sent along and by its address."""
    sent = [{"_base64": as_base64(data)} for data in pictures().values()]
    return sent + [{"_url": elsewhere + form} for form in FORMS]


def check_all_ways(client: Client, task: str, elsewhere: str) -> NDArray[np.float64]:
    """Ask alone, together and among others; returns the one descriptor."""
    ways = every_way(elsewhere)
    others = [{"_base64": as_base64(drawn_jpeg(seed, (700, 500)))} for seed in range(5)]
    alone = [client.descriptors(task, way)[0] for way in ways]
    together = client.descriptors(task, *ways)
    among = client.descriptors(task, *others, *ways, *others)[5:-5]
    for row in (*alone, *together, *among):
        np.testing.assert_allclose(row, alone[0], atol=1e-5)
    (other, *_) = client.descriptors(task, others[0])
    assert np.abs(other - alone[0]).max() > 1e-3
    return alone[0]


@pytest.mark.live
def test_in_other_processes(server: Server, elsewhere: str) -> None:
    """The program itself, with its worker; another start of it is another process."""
    key = server.manage("token", "create", "--email", EMAIL, "--name", "walk")
    client = Client(server.url, key)
    task, _ = client.train()
    client.wait_for_training(task)
    before = check_all_ways(client, task, elsewhere)
    server.stop()
    server.start()
    after = client.descriptors(task, *every_way(elsewhere))
    for row in after:
        np.testing.assert_allclose(row, before, atol=1e-5)


@pytest.fixture
def trained(cast: Cast, endpoint: str) -> tuple[Client, str, list[Any]]:
    """Train a task on a live server, whose job is run here."""
    client = Client(endpoint, make_key(cast.bob))
    task, images = client.train()
    runner.run_job(str(Job.objects.get(kind=Job.Kind.TRAIN).id))
    return client, task, images


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_in_every_way(
    trained: tuple[Client, str, list[Any]], elsewhere: str, settings: Settings
) -> None:
    settings.LIKEWISE_FETCH_PRIVATE = ["127.0.0.1/32"]
    client, task, _ = trained
    check_all_ways(client, task, elsewhere)


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_the_bytes_behind_a_link_are_what_jobs_and_search_see(
    cast: Cast, trained: tuple[Client, str, list[Any]]
) -> None:
    client, task, images = trained
    version = Version.objects.get()
    for image in images:
        behind = requests.get(image["img_path"], timeout=30).content
        (sent,) = client.descriptors(task, {"_base64": as_base64(behind)})
        stored = np.frombuffer(Feature.objects.get(image=image["id"]).vector, "<f2")
        kept = runtime.version(version.id, version.artifact, version.encoder).describe(
            stored[None]
        )[0]
        np.testing.assert_allclose(sent, kept, atol=1e-5)
        (hit,) = search_by_picture(workspace=cast.workspace, version=version, data=behind, k=1)
        assert str(hit.image.id) == image["id"]
        assert hit.score == pytest.approx(float(sent @ sent), abs=1e-5)


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_parallel_requests_load_one_encoder(
    trained: tuple[Client, str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, task, _ = trained
    loads = []
    load = Encoder.builtin

    def counted() -> Encoder:
        loads.append(threading.get_ident())
        time.sleep(0.3)  # long enough for every other request to miss it too
        return load()

    monkeypatch.setattr(Encoder, "builtin", counted)
    monkeypatch.setattr(runtime, "_shipped", runtime.Cache(2))
    monkeypatch.setattr(runtime, "_both", runtime.Cache(1))
    record = {"_base64": as_base64(drawn_jpeg(1))}
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda _: client.descriptors(task, record)[0], range(16)))
    assert len(loads) == 1
    for row in rows:
        np.testing.assert_array_equal(row, rows[0])
