"""Several clients write to one collection and search it, on as many processes as there are."""

import base64
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.factories import drawn_jpeg
from tests.live import EMAIL, Server

pytestmark = pytest.mark.live
Call = Callable[..., Any]


def client_of(server: Server) -> Call:
    """Return a function that posts JSON, or gets, with a key of the server's owner."""
    key = server.manage("token", "create", "--email", EMAIL, "--name", "walk")
    head = {"Authorization": f"Token {key}"}

    def call(path: str, body: Any = None, **headers: str) -> Any:
        method = requests.get if body is None else requests.post
        answer = method(server.url + path, json=body, headers=head | headers, timeout=60)
        assert answer.status_code < 300, answer.text
        return answer.json()

    return call


def collection_of(call: Call) -> str:
    """Train a task on two groups of two images and make a collection of it."""
    similarity = "similarity/training/v2"
    kind = call(f"{similarity}/type", {"name": "Same product"})["id"]
    task = call(f"{similarity}/task", {"name": "Shoes"})["id"]
    for group in range(2):
        images = [
            call("recognition/v2/training-image", {"base64": picture(10 * group + seed)})["id"]
            for seed in range(2)
        ]
        made = call(f"{similarity}/group", {"name": str(group), "type": kind})["id"]
        call(f"{similarity}/group/{made}/add-images", {"images": images})
    call(f"{similarity}/task/{task}/add-type", {"type_id": kind})
    model = call(f"{similarity}/task/{task}/train", {})["id"]
    end = time.monotonic() + 60
    while call(f"{similarity}/model/{model}")["train_status"] != "TRAINED":
        assert time.monotonic() < end
        time.sleep(0.2)
    made = call("account/v2/collection", {"name": "Catalogue", "task": task})
    assert made["version"] == 1
    return str(made["id"])


def picture(seed: int) -> str:
    return base64.b64encode(drawn_jpeg(seed)).decode()


def side_by_side(*calls: Call) -> list[Any]:
    """Run all at once."""
    ready = threading.Barrier(len(calls))

    def run(call: Call) -> Any:
        ready.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_it_works(server: Server) -> None:
    call = client_of(server)
    collection = collection_of(call)

    def method(name: str, **body: Any) -> Any:
        return call(f"similarity/custom/v2/{name}", body, **{"collection-id": collection})

    insert_overlapping(method)
    assert delete_during_searches(method) == []
    expected = [f"n{n}" for n in range(6)]
    for _ in range(8):  # whichever process answers
        assert ids(method("random", count=99)) == expected
        assert ids(method("visualKNN", query_record={"_base64": picture(1)}, k=99)) == expected
    assert method("ping")["records_count"] == 6


def ids(answer: Any) -> list[str]:
    return sorted(record["_id"] for record in answer["answer_records"])


def insert_overlapping(method: Call) -> None:
    """Five clients insert sixty records, most of them twice: each is in once."""

    def insert(start: int) -> Call:
        records = [{"_id": f"r{n}", "_base64": picture(n)} for n in range(start, start + 20)]
        return lambda: method("insert", records=records)

    answers = side_by_side(*(insert(start) for start in range(0, 50, 10)))
    inserted = [key for answer in answers for key in ids(answer)]
    assert len(inserted) == len(set(inserted)) == 60
    skipped = [one["_reason"]["status"]["code"] for a in answers for one in a["skipped_records"]]
    assert skipped == [211] * 40
    assert method("ping")["records_count"] == 60


def delete_during_searches(method: Call) -> list[str]:
    """Delete all, add six, and search all the while; return what was found or missed wrongly."""
    gone: list[str] = []
    wrong: list[str] = []

    def delete() -> None:
        for start in range(0, 60, 5):
            keys = [f"r{n}" for n in range(start, start + 5)]
            method("delete", records=[{"_id": key} for key in keys])
            gone.extend(keys)

    def add() -> None:
        for n in range(6):
            method("insert", records=[{"_id": f"n{n}", "_base64": picture(n)}])
            found = method("visualKNN", query_record={"_base64": picture(n)}, k=300)
            wrong.extend({f"n{n}"}.difference(ids(found)))

    def search() -> None:
        for seed in range(15):
            before = set(gone)
            found = method("visualKNN", query_record={"_base64": picture(seed)}, k=300)
            wrong.extend(before.intersection(ids(found)))

    side_by_side(delete, add, search, search)
    return wrong
