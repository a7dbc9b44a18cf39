"""Long work over the API: asked for now, answered later."""

import uuid
from collections.abc import Iterable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Change, Scope
from dashboard.files.errors import AddressTooSlow, FileRefused, ForbiddenAddress
from dashboard.models import AsyncRecord, AsyncRequest, Group, Job, Task, Version
from dashboard.services.library.groups import delete_group
from dashboard.services.requests import async_records
from dashboard.services.training.versions import delete_version
from tests.api.calls import DESCRIPTOR, REQUEST, check_refusals, in_workspace, whole
from tests.api.requests.long_requests import URL, Json, as_base64, done, stored, submit, work
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    drawn_jpeg,
    drawn_png,
    make_key,
    make_request,
    make_task,
)

pytestmark = pytest.mark.usefixtures("no_worker")


@pytest.fixture
def client(cast: Cast) -> ApiClient:
    return api_client(cast.bob)


# Descriptors


def test_it_works(cast: Cast, client: ApiClient, trained: Task) -> None:
    pictures = [drawn_jpeg(seed) for seed in range(20)]
    records = [{"_base64": as_base64(data), "sku": at} for at, data in enumerate(pictures)]
    submitted = submit(client, "descriptor", records=records, task_id=str(trained.id))
    assert submitted["type"] == "descriptor"
    assert submitted["status"] == "CREATED"
    assert submitted["progress"] == {"total": 20, "done": 0, "failed": 0}
    assert len(stored(cast)) == 1
    one = f"{REQUEST}{submitted['id']}"
    assert "response" not in client.get(one).json()
    assert client.get(f"{one}/status").json() == {"status": "CREATED"}

    work(submitted["id"])
    assert client.get(f"{one}/status").json() == {"status": "DONE"}
    answer = whole(client.get(one))
    assert answer["progress"] == {"total": 20, "done": 20, "failed": 0}
    response = answer["response"]
    assert (response["version"], response["task_id"]) == (1, str(trained.id))
    assert response["status"]["code"] == 200
    assert response["statistics"]["processing time"] >= 0
    # The same as the call that answers at once, number by number.
    body = {"records": records, "task_id": str(trained.id)}
    expected = client.post(DESCRIPTOR, body).json()["records"]
    for record, same in zip(response["records"], expected, strict=True):
        for name in ("sku", "_width", "_height", "_descriptor"):
            assert record[name] == same[name], name
        assert uuid.UUID(record["_id"]).version == 4
        assert "_base64" not in record
    assert stored(cast) == []


def test_it_leaves_an_activity_row(cast: Cast, client: ApiClient) -> None:
    submit(client, "upload", records=[{"_base64": as_base64(drawn_png())}])
    row = Change.objects.get(noun="request")
    assert (row.verb, row.count, row.actor) == ("sent", 1, cast.bob)


def test_a_record_that_cannot_be_read_fails_alone(
    client: ApiClient, trained: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(sources: Iterable[Any]) -> Any:
        refusals: dict[str, bytes | FileRefused] = {
            "a": ForbiddenAddress("Not there.", url="a"),
            "b": AddressTooSlow("b", 15),
            "c": drawn_png(),
        }
        return (refusals[one] if isinstance(one, str) else one for one in sources)

    monkeypatch.setattr("dashboard.services.training.descriptors.fetch_many", fetch)
    records: list[Json] = [
        {"_url": "a", "_id": "mine"},
        {"_url": "b", "text": "\x00 ä"},
        {"_url": "c"},
        {"_base64": "?"},
        {"_base64": as_base64(b"no picture")},
        {"_url": 5},
        {"_url": "a\x00"},
        {},
    ]
    answer = done(client, "descriptor", records=records, task_id=str(trained.id))
    assert answer["progress"] == {"total": 8, "done": 1, "failed": 7}
    found = answer["response"]["records"]
    codes = [record["_status"]["code"] for record in found]
    assert codes == [403, 504, 200, 400, 400, 400, 400, 400]
    assert (found[0]["_id"], found[0]["_status"]["text"]) == ("mine", "Not there.")
    assert found[1]["text"] == "\x00 ä"
    assert ["_descriptor" in record for record in found] == [code == 200 for code in codes]


@pytest.mark.parametrize("record", [{}, {"_base64": " "}, {"_base64": "data:image/png;base64,"}])
def test_no_record_can_be_read(client: ApiClient, trained: Task, record: Json) -> None:
    answer = done(client, "descriptor", records=[record], task_id=str(trained.id))
    assert answer["status"] == "DONE"
    assert answer["response"]["status"]["code"] == 400


def test_a_killed_worker_goes_on_where_it_stopped(
    client: ApiClient, trained: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(async_records, "AT_ONCE", 2)
    records = [{"_base64": as_base64(drawn_jpeg(seed))} for seed in range(5)]
    submitted = submit(client, "descriptor", records=records, task_id=str(trained.id))
    seen: list[int] = []
    describe = async_records.describe_sources

    def breaking(**given: Any) -> Any:
        seen.append(len(given["sources"]))
        if len(seen) == 2:
            raise KeyboardInterrupt
        return describe(**given)

    monkeypatch.setattr(async_records, "describe_sources", breaking)
    with pytest.raises(KeyboardInterrupt):
        work(submitted["id"])
    one = f"{REQUEST}{submitted['id']}"
    assert client.get(one).json()["status"] == "RETRY"
    assert client.get(one).json()["progress"] == {"total": 5, "done": 2, "failed": 0}
    work(submitted["id"])
    assert whole(client.get(one))["progress"] == {"total": 5, "done": 5, "failed": 0}
    assert seen == [2, 2, 2, 1]


def test_a_lost_lease_writes_nothing(
    client: ApiClient, trained: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = submit(client, "descriptor", records=[{}, {}], task_id=str(trained.id))
    AsyncRecord.objects.update(status="waiting", reason="", refusal="", url=URL)

    def fetch(sources: Iterable[Any]) -> Any:
        Job.objects.filter(kind=Job.Kind.ASYNC_DESCRIPTOR).update(owner="another")
        return iter([drawn_png() for _ in sources])

    monkeypatch.setattr("dashboard.services.training.descriptors.fetch_many", fetch)
    work(submitted["id"])
    assert set(AsyncRecord.objects.values_list("status", flat=True)) == {"waiting"}


def test_a_deleted_version_ends_it(cast: Cast, client: ApiClient, trained: Task) -> None:
    submitted = submit(client, "descriptor", records=[{}], task_id=str(trained.id))
    delete_version(version=Version.objects.get(), actor=cast.ann)
    one = client.get(f"{REQUEST}{submitted['id']}").json()
    assert (one["status"], "response" in one) == ("CANCELLED", False)
    assert stored(cast) == []


def test_an_answer_outlives_its_version(cast: Cast, client: ApiClient, trained: Task) -> None:
    answer = done(client, "descriptor", records=[{}], task_id=str(trained.id))
    delete_version(version=Version.objects.get(), actor=cast.ann)
    again = whole(client.get(f"{REQUEST}{answer['id']}"))
    assert again["response"]["version"] == 1
    assert again["response"]["records"] == answer["response"]["records"]


@pytest.mark.parametrize("version", [2, 0, -1, 1 << 31, 1 << 62])
def test_a_version_that_is_not_there(client: ApiClient, trained: Task, version: int) -> None:
    body = {"type": "descriptor", "records": [{}], "task_id": str(trained.id), "version": version}
    assert client.post(REQUEST, body).status_code == 404
    assert not AsyncRequest.objects.exists()


def test_a_task_that_is_not_trained(client: ApiClient, task: Task) -> None:
    body = {"type": "descriptor", "records": [{}], "task_id": str(task.id)}
    assert client.post(REQUEST, body).status_code == 409


# Training


def test_a_training_ends_with_its_version(client: ApiClient, task: Task) -> None:
    submitted = submit(client, "train", task_id=str(task.id))
    assert submitted["progress"] == {"total": 1, "done": 0, "failed": 0}
    work(submitted["id"])
    answer = client.get(f"{REQUEST}{submitted['id']}").json()
    assert (answer["status"], answer["progress"]["done"]) == ("DONE", 1)
    made = Version.objects.get()
    assert answer["response"]["id"] == str(made.id)
    assert (answer["response"]["version"], answer["response"]["train_status"]) == (1, "TRAINED")


def test_a_training_that_fails_says_why(cast: Cast, client: ApiClient, task: Task) -> None:
    submitted = submit(client, "train", task=str(task.id))
    for group in Group.objects.all():
        delete_group(group=group, actor=cast.bob)
    work(submitted["id"])
    answer = client.get(f"{REQUEST}{submitted['id']}").json()
    assert (answer["status"], "response" in answer) == ("FAILED", False)
    assert "no image to train on" in answer["detail"]
    assert answer["progress"] == {"total": 1, "done": 0, "failed": 1}


def test_a_training_that_cannot_begin(cast: Cast, client: ApiClient, task: Task) -> None:
    untrainable = make_task(cast.workspace, "Hats")
    answer = client.post(REQUEST, {"type": "train", "task_id": str(untrainable.id)})
    assert (answer.status_code, list(answer.data)) == (400, ["detail"])
    submit(client, "train", task_id=str(task.id))
    answer = client.post(REQUEST, {"type": "train", "task_id": str(task.id)})
    assert (answer.status_code, answer.data["model"]) == (409, Version.objects.get().id)
    assert AsyncRequest.objects.count() == 1


# Bodies


@pytest.mark.parametrize("kind", [None, "", "descriptors", "DESCRIPTOR", 5, ["train"], {}])
def test_a_wrong_type(client: ApiClient, kind: Any) -> None:
    answer = client.post(REQUEST, {"type": kind})
    assert (answer.status_code, list(answer.data)) == (400, ["type"])


@pytest.mark.parametrize("kind", ["descriptor", "upload"])
@pytest.mark.parametrize("records", [None, [], "x", [5], [{}] * 10_001])
def test_wrong_records(client: ApiClient, trained: Task, kind: str, records: Any) -> None:
    body = {"type": kind, "task_id": str(trained.id), "records": records}
    answer = client.post(REQUEST, body)
    assert (answer.status_code, list(answer.data)) == (400, ["records"])


def test_ten_thousand_records_in_a_fixed_number_of_queries(
    client: ApiClient, trained: Task, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    body = {"type": "descriptor", "records": [{}] * 10_000, "task_id": str(trained.id)}
    with django_assert_max_num_queries(200):  # SQLite takes 62 rows at once
        answer = client.post(REQUEST, body)
    assert answer.json()["progress"] == {"total": 10_000, "done": 0, "failed": 10_000}
    work(answer.json()["id"])
    with django_assert_max_num_queries(30):
        found = whole(client.get(f"{REQUEST}{answer.json()['id']}"))
    assert len(found["response"]["records"]) == 10_000


def test_a_form(client: ApiClient, trained: Task) -> None:
    body = {"type": "descriptor", "records": '{"_url": ""}', "task_id": str(trained.id)}
    assert client.post(REQUEST, body, format="multipart").status_code == 202


# Who may


def test_a_viewer_describes_and_does_nothing_else(cast: Cast, trained: Task) -> None:
    for who in (cast.vera, make_key(cast.alice, scope=Scope.READ)):
        client = api_client(who)
        submit(client, "descriptor", records=[{}], task_id=str(trained.id))
        for body in ({"type": "train", "task_id": str(trained.id)}, {"type": "upload"}):
            assert client.post(REQUEST, body).status_code == 403


def test_a_stranger_finds_no_task(cast: Cast, trained: Task) -> None:
    client = api_client(cast.charlie)
    for kind in ("descriptor", "train"):
        body = {"type": kind, "records": [{}], "task_id": str(trained.id)}
        assert client.post(REQUEST, body).status_code == 404
    assert not AsyncRequest.objects.exists()


def test_refusals(cast: Cast) -> None:
    one = f"{REQUEST}{make_request(cast.workspace).id}"
    check_refusals(cast, "get", in_workspace(cast, REQUEST), writes=False)
    check_refusals(cast, "get", one, writes=False)
    check_refusals(cast, "get", f"{one}/status", writes=False)
    check_refusals(cast, "delete", one)
    check_refusals(cast, "post", in_workspace(cast, REQUEST), {"type": "upload", "records": [{}]})
