"""What the tests of asynchronous requests share: asking, and working off what was asked."""

import base64
from typing import Any

from dashboard.files.store import paths, storage
from dashboard.jobs import runner
from dashboard.models import AsyncRequest
from tests.api.calls import REQUEST, whole
from tests.factories import (
    ApiClient,
    Cast,
)

URL = "http://pictures.example.org/red%20shoe.jpg?size=9"
Json = dict[str, Any]


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def submit(client: ApiClient, kind: str, **body: Any) -> Json:
    answer = client.post(REQUEST, {"type": kind} | body)
    assert answer.status_code == 202, answer.data
    return answer.json()


def work(request_id: str) -> None:
    runner.run_job(str(AsyncRequest.objects.get(pk=request_id).job_id))


def done(client: ApiClient, kind: str, **body: Any) -> Json:
    """Submit a request, do its job and return what is answered then."""
    submitted = submit(client, kind, **body)
    work(submitted["id"])
    return whole(client.get(f"{REQUEST}{submitted['id']}"))


def stored(cast: Cast) -> list[str]:
    return [*storage.names(f"{paths.workspace(cast.workspace.id)}/requests")]
