"""Descriptors of pictures that are sent along."""

import base64
import io
import json
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image as Pillow

from dashboard.files.errors import (
    AddressFailed,
    AddressTooSlow,
    FileRefused,
    ForbiddenAddress,
    ImageTooLarge,
    TooManyPixels,
    UnreadableImage,
)
from dashboard.jobs import runner
from dashboard.models import Task, Version
from dashboard.services.jobs import queueing
from dashboard.services.library.groups import add_images
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from tests.api.calls import DESCRIPTOR, IMAGE, check_refusals, in_workspace
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    drawn,
    drawn_jpeg,
    drawn_png,
    make_group,
    make_image,
    make_task,
    make_type,
)

URL = "http://pictures.example.org/shoe.jpg"


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
def task(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Task:
    """Train a task on two groups of two images."""
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    kind, task = make_type(cast.workspace), make_task(cast.workspace)
    for number in range(2):
        ids = [make_image(cast.workspace, 10 * number + seed).id for seed in range(2)]
        add_images(group=make_group(kind, str(number)), ids=ids, actor=cast.bob)
    add_type(task=task, similarity_type=kind, actor=cast.bob)
    _, job = start_training(task=task, actor=cast.bob)
    runner.run_job(str(job.id))
    return task


@pytest.fixture
def client(cast: Cast) -> ApiClient:
    return api_client(cast.vera)


def ask(client: ApiClient, task: Task, *records: Any, **more: Any) -> Any:
    return client.post(DESCRIPTOR, {"records": list(records), "task_id": str(task.id)} | more)


def descriptor(client: ApiClient, task: Task, data: bytes) -> Any:
    answer = ask(client, task, {"_base64": as_base64(data)})
    assert answer.status_code == 200
    return np.array(answer.json()["records"][0]["_descriptor"])


def test_it_works(client: ApiClient, task: Task) -> None:
    picture = as_base64(drawn_jpeg(1))
    answer = ask(
        client,
        task,
        {"_id": "mine", "_base64": picture, "sku": [7, {"a": None}], "name": "é"},
        {"_base64": f"data:image/jpeg;base64,{picture}", "_id": 5},
        HTTP_X="ignored",
    )
    assert answer.status_code == 200
    body = answer.json()
    request_id = answer["X-Request-ID"]
    assert (body["version"], body["task_id"]) == (1, str(task.id))
    assert body["status"] == {"code": 200, "text": "OK", "request_id": request_id}
    assert body["statistics"]["processing time"] > 0
    first, second = body["records"]
    vector = first.pop("_descriptor")
    assert len(vector) == task.versions.get().dimension
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert first == {
        "_id": "mine",
        "sku": [7, {"a": None}],
        "name": "é",
        "_width": 64,
        "_height": 48,
        "_status": {"code": 200, "text": "OK", "request_id": request_id},
    }
    assert second["_id"] == 5
    assert second["_descriptor"] == vector
    assert b"_base64" not in answer.content


def test_an_id_is_made(client: ApiClient, task: Task) -> None:
    for given in ({}, {"_id": None}):
        record = {"_base64": as_base64(drawn_jpeg(1))} | given
        (made,) = ask(client, task, record).json()["records"]
        assert uuid.UUID(made["_id"]).version == 4


def test_a_form_of_json_texts(client: ApiClient, task: Task) -> None:
    records = [json.dumps({"_base64": as_base64(drawn_jpeg(seed))}) for seed in range(2)]
    body = {"records": records, "task_id": str(task.id), "version": ""}
    answer = client.post(DESCRIPTOR, body, format="multipart")
    assert (answer.status_code, len(answer.data["records"])) == (200, 2)


def test_which_version(cast: Cast, client: ApiClient, task: Task) -> None:
    first = task.versions.get()
    for number in (2, 3):
        Version.objects.create(
            workspace=cast.workspace,
            task=task,
            number=number,
            status="TRAINED" if number == 2 else "ERROR",
            dimension=first.dimension,
            trained=first.trained,
            artifact=first.artifact,
            encoder=first.encoder,
        )
    record = {"_base64": as_base64(drawn_jpeg(1))}
    assert ask(client, task, record).data["version"] == 2
    assert ask(client, task, record, version=None).data["version"] == 2
    assert ask(client, task, record, version=1).data["version"] == 1
    task.production_version = first
    task.save()
    assert ask(client, task, record).data["version"] == 1
    for missing in (3, 4, 0, -1, 1 << 40):
        answer = ask(client, task, record, version=missing)
        assert (answer.status_code, answer.data["status"]["code"]) == (404, 404)


def test_one_that_cannot_be_read_fails_alone(
    client: ApiClient, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals: dict[str, bytes | FileRefused] = {
        "ok": drawn_jpeg(1),
        "forbidden": ForbiddenAddress("It is private.", url=URL),
        "failed": AddressFailed("It did not answer.", url=URL),
        "slow": AddressTooSlow(URL, 15),
        "large": ImageTooLarge(20, 21),
        "text": b"<html>",
    }

    def fetch(sources: Iterable[str | bytes | FileRefused]) -> Iterator[bytes | FileRefused]:
        return (refusals[one] if isinstance(one, str) else one for one in sources)

    monkeypatch.setattr("dashboard.services.training.descriptors.fetch_many", fetch)
    records: list[dict[str, Any]] = [
        {"_url": name, "_descriptor": [9], "keep": 1} for name in refusals
    ]
    records += [{"_base64": "%%%"}, {"_base64": 5}, {"_url": 5}, {}, {"_url": ""}]
    records += [{"_base64": as_base64(drawn_jpeg(1)), "_url": "forbidden"}]
    answer = ask(client, task, *records)
    assert answer.status_code == 200
    answered = answer.json()["records"]
    codes = [record["_status"]["code"] for record in answered]
    assert codes == [200, 403, 502, 504, 413, 400, 400, 400, 400, 400, 400, 200]
    for record, code in zip(answered, codes, strict=True):
        assert ("_descriptor" in record) is (code == 200)
        assert ("_width" in record) is (code == 200)
        assert record["_status"]["text"]
        assert record["_status"]["request_id"] == answer["X-Request-ID"]
        assert "_base64" not in record
    assert all(record["keep"] == 1 for record in answered[:6])


def test_none_succeeded(client: ApiClient, task: Task) -> None:
    record = {"_base64": as_base64(b"no picture"), "_descriptor": [1], "sku": 7}
    answer = ask(client, task, record)
    assert answer.status_code == 400
    body = answer.json()
    assert body["status"]["code"] == 400
    (record,) = body["records"]
    assert (record["_status"]["code"], record["sku"]) == (400, 7)
    assert "_descriptor" not in record


@pytest.mark.parametrize(
    ("refusal", "code"), [(TooManyPixels(5, 6, 7), 413), (UnreadableImage(), 400)]
)
def test_pictures_that_are_refused(
    client: ApiClient, task: Task, monkeypatch: pytest.MonkeyPatch, refusal: FileRefused, code: int
) -> None:
    def refuse(data: bytes, *, side: int) -> None:
        raise refusal

    monkeypatch.setattr("dashboard.services.training.descriptors.pictures.show", refuse)
    answer = ask(client, task, {"_base64": as_base64(drawn_jpeg(1))})
    assert answer.data["records"][0]["_status"]["code"] == code


def test_many_records_keep_their_order(client: ApiClient, task: Task) -> None:
    records = [{"_id": n, "_base64": as_base64(drawn_jpeg(n % 7))} for n in range(100)]
    answered = ask(client, task, *records).json()["records"]
    assert [record["_id"] for record in answered] == list(range(100))
    for record in answered[7:]:
        assert record["_descriptor"] == answered[record["_id"] % 7]["_descriptor"]


def test_equal_pixels_give_equal_descriptors(client: ApiClient, task: Task) -> None:
    picture = drawn(3, (300, 200))
    found = []
    for form, options in (("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True})):
        stream = io.BytesIO()
        picture.save(stream, form, **options)
        found.append(descriptor(client, task, stream.getvalue()))
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], atol=1e-5)


def test_the_bytes_behind_a_link_give_the_same(cast: Cast, task: Task) -> None:
    client = api_client(cast.bob)
    stored = client.post(IMAGE, {"base64": as_base64(drawn_png(3, (300, 200)))}).json()
    answer = Client().get(stored["img_path"].removeprefix("http://testserver"))
    data = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    Pillow.open(io.BytesIO(data)).load()
    sent = descriptor(client, task, drawn_png(3, (300, 200)))
    np.testing.assert_allclose(descriptor(client, task, data), sent, atol=1e-5)


# Refusals: each carries `status` beside `detail`


def test_who_may(cast: Cast, task: Task) -> None:
    body = {"records": [{"_base64": as_base64(drawn_jpeg(1))}], "task_id": str(task.id)}
    check_refusals(cast, "post", DESCRIPTOR, body, writes=False)
    check_refusals(cast, "post", in_workspace(cast, DESCRIPTOR), {}, writes=False)
    for who, code in ((None, 401), (cast.charlie, 404)):
        answer = api_client(who).post(DESCRIPTOR, body)
        assert answer.status_code == code
        status = answer.data["status"]
        assert (status["code"], status["text"]) == (code, answer.data["detail"])
        assert status["request_id"] == answer["X-Request-ID"]
    assert api_client(cast.bob).get(DESCRIPTOR).data["status"]["code"] == 405


def test_a_task_that_was_never_trained(cast: Cast, client: ApiClient) -> None:
    answer = ask(client, make_task(cast.workspace), {"_base64": "x"})
    assert (answer.status_code, answer.data["status"]["code"]) == (409, 409)
    assert "Train it first" in answer.data["detail"]


@pytest.mark.parametrize(
    "more",
    [
        {"records": None},
        {"records": []},
        {"records": "x"},
        {"records": ["x"]},
        {"records": [{}, 5]},
        {"records": [None]},
        {"records": [{}] * 101},
        {"records": [{"deep": json.loads("[" * 200 + "]" * 200)}]},
        {"task_id": None},
        {"task_id": "x"},
        {"task_id": 5},
        {"version": "x"},
        {"version": 1.5},
        {"version": [1]},
        {"version": 1 << 70},
    ],
)
def test_bad_input(cast: Cast, client: ApiClient, more: Any) -> None:
    answer = ask(client, make_task(cast.workspace), {"_base64": "x"}, **more)
    assert answer.status_code == 400
    body = answer.json()
    (name,) = more
    assert isinstance(body[name][0], str)
    assert isinstance(body["detail"], str)
    assert body["status"]["code"] == 400
    assert body["status"]["text"] == body["detail"]


def test_broken_json_has_a_status(client: ApiClient) -> None:
    answer = client.generic("POST", DESCRIPTOR, b"{", content_type="application/json")
    assert (answer.status_code, answer.json()["status"]["code"]) == (400, 400)
    missing = client.post(DESCRIPTOR, {})
    assert {"records", "task_id", "detail", "status"} == set(missing.json())


def test_a_body_over_the_limit_has_a_status(client: ApiClient, settings: Any) -> None:
    settings.LIKEWISE_MAX_BODY = 10
    answer = client.post(DESCRIPTOR, {"records": [{"_base64": "x" * 20}]})
    assert (answer.status_code, answer.data["status"]["code"]) == (413, 413)


def test_fields_that_json_can_hold_and_databases_cannot(client: ApiClient, task: Task) -> None:
    record = {"_base64": as_base64(drawn_jpeg(1)), "nul": "a\x00", "big": 1 << 62}
    (answered,) = ask(client, task, record).json()["records"]
    assert (answered["nul"], answered["big"]) == ("a\x00", 1 << 62)
