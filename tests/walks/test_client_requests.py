"""The official client's asynchronous requests, unchanged, against a running server.

`AsyncRClient` takes no `resource_name` and never asks the hosted service about its token.
"""

import base64
import time
from typing import Any

import numpy as np
import pytest
import requests
from ximilar.client import CustomSimilarityClient, RecognitionClient
from ximilar.client.asyncr import AsynchronousRequest, AsyncRClient

from tests.factories import drawn_jpeg
from tests.live import EMAIL, Server

pytestmark = pytest.mark.live
PATIENCE = 90


def as_base64(seed: int) -> str:
    return base64.b64encode(drawn_jpeg(seed, (320, 240))).decode()


def finished(request: AsynchronousRequest) -> AsynchronousRequest:
    """Ask as the client's documentation does, until there is a response."""
    end = time.monotonic() + PATIENCE
    while not request.update():
        assert request.status in ("CREATED", "PROCESSING", "RETRY"), request.status
        assert time.monotonic() < end
        time.sleep(0.1)
    return request


def test_it_works(shared_server: Server) -> None:
    key = shared_server.manage("token", "create", "--email", EMAIL, "--name", "walk")
    client = AsyncRClient(key, endpoint=shared_server.url)
    similarity = CustomSimilarityClient(key, endpoint=shared_server.url, resource_name=None)
    kind, _ = similarity.create_type("Same product")
    groups = [similarity.create_group(name, "", kind.id)[0] for name in ("Red", "Blue")]
    task, _ = similarity.create_task("Shoes")
    task.add_type(kind.id)

    records: list[dict[str, Any]] = [
        {"_base64": as_base64(seed), "group": groups[seed % 2].id, "meta_data": {"seed": seed}}
        for seed in range(6)
    ]
    upload = finished(client.submit({"records": records}, "upload"))
    assert [row["_status"]["code"] for row in upload.response["records"]] == [201] * 6
    image, _ = similarity.get_image(upload.response["records"][3]["image"])
    assert image.meta_data == {"seed": 3}
    assert len(similarity.get_group(groups[0].id)[0].get_images()) == 3

    training = finished(client.submit({}, "train", task_id=task.id))
    assert (training.response["train_status"], training.response["version"]) == ("TRAINED", 1)

    records = [{"_base64": as_base64(seed), "sku": seed} for seed in range(40)]
    submitted = client.submit({"records": records}, "descriptor", task_id=task.id)
    assert str(submitted) == submitted.id
    described = finished(submitted)
    assert described.response["task_id"] == task.id
    assert [row["sku"] for row in described.response["records"]] == [*range(40)]
    vectors = np.array([row["_descriptor"] for row in described.response["records"]])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    # `similarity.descriptor` would have OpenCV write these pictures anew, with other pixels.
    body = {"records": records[:3], "task_id": task.id}
    at_once = similarity.post("similarity/training/v2/descriptor", data=body)["records"]
    expected = np.array([row["_descriptor"] for row in at_once])
    np.testing.assert_allclose(vectors[:3], expected, atol=1e-5)

    found, following, status = client.get_requests(type="descriptor", status="DONE")
    assert [(one.id, one.type) for one in found] == [(described.id, "descriptor")]
    assert (following, status["count"]) == (None, 1)
    assert client.get_requests()[2] == {"count": 3, "status": "ok"}
    again, _ = client.get_request(described.id)
    assert again.response["records"] == described.response["records"]
    assert again.check_status() == "DONE"
    # `next` is a whole address; the client puts its endpoint before what it is given.
    _, following, _ = client.get_requests(page_url="account/v2/request/?page_size=2")
    rest, following, _ = client.get_requests(page_url=following.replace(shared_server.url, ""))
    assert ([one.type for one in rest], following) == (["upload"], None)


def test_the_account(shared_server: Server) -> None:
    key = shared_server.manage("token", "create", "--email", EMAIL, "--name", "walk")
    client = RecognitionClient(key, endpoint=shared_server.url, resource_name=None)
    user = client.get_user_details()
    assert user["email"] == EMAIL
    (mine,) = user["workspaces"]
    assert (mine["id"], mine["role"]) == (user["default_workspace"], "owner")
    workspaces = "account/v2/workspace/"
    made = client.post(workspaces, data={"name": "Second"})
    assert (made["owner"], made["members_count"]) == (user["id"], 1)
    there = AsyncRClient(key, endpoint=shared_server.url, workspace=made["id"])
    assert there.get_requests()[2]["count"] == 0
    listed, _ = client.get_all_paginated_items(workspaces + "?page_size=1")
    assert [row["id"] for row in listed] == [made["id"], mine["id"]]
    assert client.put(workspaces + made["id"], data={"name": "Two"})["name"] == "Two"
    assert client.delete(workspaces + made["id"]).status_code == 204
    answer = requests.post(
        shared_server.url + "authorization/v2/authorize",
        json={"service": "custom-similarity", "call_type": "authenticate"},
        headers={"Authorization": f"Token {key}"},
        timeout=30,
    )
    assert answer.json()["user_id"] == user["id"]


def test_a_key_that_another_process_revokes_ends_at_once(shared_server: Server) -> None:
    key = shared_server.manage("token", "create", "--email", EMAIL, "--name", "walk")

    def ask() -> requests.Response:
        header = {"Authorization": f"Token {key}"}
        return requests.get(shared_server.url + "account/v2/user/", headers=header, timeout=30)

    assert {ask().status_code for _ in range(8)} == {200}
    shared_server.manage("token", "revoke", "--email", EMAIL, "--name", "walk")
    answers = [ask() for _ in range(8)]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].headers["WWW-Authenticate"] == "Token"


def test_spoofing_changes_nothing(shared_server: Server) -> None:
    """This server trusts no proxy, and its own web server must not either."""
    key = shared_server.manage("token", "create", "--email", EMAIL, "--name", "walk")
    client = RecognitionClient(key, endpoint=shared_server.url, resource_name=None)
    made = client.post("account/v2/workspace/", data={"name": "Second"})
    answer = requests.get(
        shared_server.url + "account/v2/workspace/?page_size=1",
        headers={
            "Authorization": f"Token {key}",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-For": "1.2.3.4",
        },
        timeout=30,
    )
    assert answer.json()["next"].startswith(shared_server.url)
    client.delete(f"account/v2/workspace/{made['id']}")
