"""A worker is killed in the middle of a descriptor request: every record is answered, once.

For what the dashboard asks for, the faults do the same (`tests/faults`).
"""

import base64
import os
import signal
import time
from typing import Any

import pytest
from ximilar.client.asyncr import AsyncRClient

from tests.factories import drawn_jpeg
from tests.live import EMAIL, Server

pytestmark = pytest.mark.live
PICTURES = 150
PATIENCE = 90


def test_in_a_descriptor_request(server: Server) -> None:
    key = server.manage("token", "create", "--email", EMAIL, "--name", "walk")
    client = AsyncRClient(key, endpoint=server.url)
    task = _trained_task(client)
    pictures = [drawn_jpeg(seed, (900, 700)) for seed in range(PICTURES)]
    records = [
        *(
            {"_base64": base64.b64encode(data).decode(), "at": at}
            for at, data in enumerate(pictures)
        ),
        {"_base64": "bm8gcGljdHVyZQ=="},
    ]
    request = client.submit({"records": records}, "descriptor", task_id=task)
    for share in (0.1, 0.5):
        _wait_for_request(client, request.id, lambda done, share=share: done >= share * PICTURES)
        os.kill(server.worker_pid(), signal.SIGKILL)
    answer = _wait_for_request(client, request.id, lambda _: False)
    assert answer["status"] == "DONE"
    assert answer["progress"] == {"total": PICTURES + 1, "done": PICTURES, "failed": 1}
    found = answer["response"]["records"]
    assert [record.get("at") for record in found] == [*range(PICTURES), None]
    # Each is what the call that answers at once says.
    step = PICTURES // 5
    body = {"records": records[:PICTURES:step], "task_id": task}
    expected = client.post("similarity/training/v2/descriptor", data=body)["records"]
    for kept, same in zip(found[:PICTURES:step], expected, strict=True):
        assert kept["_descriptor"] == same["_descriptor"]
    assert not [*server.folder.glob("files/*/requests/*/*")]


def _trained_task(client: AsyncRClient) -> str:
    """Train a task on two groups of two images and return its id."""
    base = "similarity/training/v2/"
    kind = client.post(f"{base}type", data={"name": "Same photo"})["id"]
    task = client.post(f"{base}task", data={"name": "Photos"})["id"]
    client.post(f"{base}task/{task}/add-type", data={"type_id": kind})
    records = []
    for seed in range(4):
        name = f"Group {seed % 2}"
        if seed < 2:
            client.post(f"{base}group", data={"name": name, "type": kind})
        (group,) = client.get(f"{base}group?search={name}")["results"]
        data = base64.b64encode(drawn_jpeg(1000 + seed)).decode()
        records.append({"_base64": data, "group": group["id"]})
    for body in ({"type": "upload", "records": records}, {"type": "train", "task_id": task}):
        request = client.post("account/v2/request/", data=body)
        _wait_for_request(client, request["id"], lambda _: False)
    return str(task)


def _wait_for_request(client: AsyncRClient, request_id: str, enough) -> Any:
    """Watch a request until `enough` of it is done, or all."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = client.get(f"account/v2/request/{request_id}")
        if answer["status"] in ("DONE", "FAILED") or enough(answer["progress"]["done"]):
            return answer
        time.sleep(0.05)
    raise AssertionError("the request did not end")
