"""Pictures behind addresses: fetched side by side when they are brought in, and tried again."""

import contextlib
import http.server
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from pytest_django import Settings
from tenacity import wait_none

from dashboard.files.fetch import fetch
from dashboard.models import Image, Job, Upload
from dashboard.services.jobs.retries import retry_job
from tests.factories import Cast, drawn_jpeg
from tests.services.uploads.uploaded import committed, outcome, planned, ran, reasons, received


class Handler(http.server.BaseHTTPRequestHandler):
    """Answer `/name/seed`: a picture, or what the name of the address says."""

    server: "Pictures"

    def do_GET(self) -> None:
        self.server.seen[self.path] += 1
        kind, seed = self.path.strip("/").split("/")
        passing = kind == "flaky" and self.server.seen[self.path] == 1
        gone = kind == "gone" and self.server.is_gone
        status = 503 if passing or kind == "down" else 404 if gone else 200
        body = drawn_jpeg(int(seed)) if status == 200 else b""
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Pictures(http.server.ThreadingHTTPServer):
    """A server of pictures on this machine."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: Counter[str] = Counter()
        self.is_gone = True

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pictures]:
    settings.LIKEWISE_FETCH_PRIVATE = ["127.0.0.0/8"]
    monkeypatch.setattr(fetch.fetch_patiently.retry, "wait", wait_none())
    with Pictures() as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def listed(cast: Cast, server: Pictures, *paths: str) -> Upload:
    return received(cast, {"list.txt": "\n".join(server.url(path) for path in paths).encode()})


def test_it_works(cast: Cast, server: Pictures) -> None:
    upload = listed(cast, server, *(f"ok/{seed}" for seed in range(20)))
    assert planned(upload).message == "20 new, 0 already in the workspace, 0 with errors."
    assert not server.seen
    assert committed(upload).message == "20 added."
    assert set(server.seen.values()) == {1}
    assert Image.objects.count() == 20


def test_a_manifest_may_name_addresses(cast: Cast, server: Pictures) -> None:
    manifest = (
        f"url;group;type;test\n{server.url('ok/1')};A;Shape;yes\n{server.url('ok/1')};B;Shade;"
    )
    upload = received(cast, {"m.csv": manifest.encode()})
    planned(upload)
    assert committed(upload).message == "1 added, 1 already in the workspace."
    image = Image.objects.get()
    assert (image.test_image, image.group_rows.count()) == (True, 2)


def test_what_passes_is_asked_for_again(cast: Cast, server: Pictures) -> None:
    upload = listed(cast, server, "flaky/1", "down/2", "gone/3")
    planned(upload)
    assert committed(upload).message == "1 added, 2 failed."
    assert server.seen == {"/flaky/1": 2, "/down/2": 3, "/gone/3": 1}
    assert "status 404" in reasons(upload)["3"]


def test_what_failed_is_tried_again_by_a_person(cast: Cast, server: Pictures) -> None:
    upload = listed(cast, server, "ok/1", "gone/2")
    planned(upload)
    committed(upload)
    server.is_gone = False
    job = Job.objects.get(kind=Job.Kind.UPLOAD)
    assert ran(retry_job(job=job, actor=cast.bob)).message == "2 added."
    assert outcome(upload) == {"1": "added", "2": "added"}
    assert server.seen["/ok/1"] == 1


def test_a_private_address_is_not_opened(cast: Cast, server: Pictures, settings: Settings) -> None:
    settings.LIKEWISE_FETCH_PRIVATE = []
    upload = received(cast, {"list.txt": f"http://localhost:{server.server_port}/ok/1".encode()})
    planned(upload)
    assert committed(upload).message == "0 added, 1 failed."
    assert "private network" in reasons(upload)["1"]
    assert not server.seen
