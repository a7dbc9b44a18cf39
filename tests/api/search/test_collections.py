"""`/account/v2/collection/`."""

import uuid
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Change
from dashboard.models import Collection, Record, Task, Version
from dashboard.services.jobs import queueing
from tests.api.calls import COLLECTION, DESCRIPTOR, MODEL, TASK, check_refusals, in_workspace
from tests.api.requests.long_requests import done
from tests.api.training.test_descriptors import as_base64
from tests.factories import (
    Cast,
    api_client,
    drawn_jpeg,
    make_collection,
    make_described_version,
    make_records,
    make_task,
    make_version,
)


def test_it_works(cast: Cast) -> None:
    task = make_task(cast.workspace)
    make_version(task)
    client = api_client(cast.bob)
    answer = client.post(COLLECTION, {"name": " Shop ", "task": str(task.id)})
    assert answer.status_code == 201
    made = answer.json()
    assert {
        "name": "Shop",
        "description": "",
        "task": str(task.id),
        "task_name": "Shoes",
        "version": 1,
        "records_count": 0,
        "workspace": str(cast.workspace.id),
    }.items() <= made.items()
    address = f"{COLLECTION}{made['id']}"
    assert client.get(address).json() == made
    for change in (client.put, client.patch):
        changed = change(address, {"name": "Window", "version": 1, "description": None}).json()
        assert (changed["name"], changed["description"]) == ("Window", "")
    assert client.get(COLLECTION).json()["results"] == [changed | {"modified": changed["modified"]}]
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    verbs = Change.objects.filter(noun="collection").order_by("created")
    assert list(verbs.values_list("verb", flat=True)) == [
        "created",
        "changed",
        "changed",
        "deleted",
    ]


def test_which_version_it_keeps(cast: Cast) -> None:
    task, client = make_task(cast.workspace), api_client(cast.bob)
    assert client.post(COLLECTION, {"name": "a", "task": str(task.id)}).status_code == 409
    first, second = make_version(task), make_version(task)
    make_version(task, status=Version.Status.ERROR, dimension=None, trained=None, artifact="")

    def made(**more: Any) -> Any:
        return client.post(COLLECTION, {"name": "a", "task": str(task.id)} | more)

    assert made().json()["version"] == 2
    assert made(version=1).json()["version"] == 1
    assert made(version=3).status_code == 404
    task.production_version = first
    task.save()
    kept = made().json()
    assert kept["version"] == 1
    task.production_version = second
    task.save()
    assert client.get(f"{COLLECTION}{kept['id']}").json()["version"] == 1


def test_lists(cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    task = make_task(cast.workspace)
    make_version(task)
    for name in ("Shoes", "Hats", "Boots"):
        make_collection(cast.workspace, name, task=task)
    other = make_task(cast.workspace)
    make_version(other)
    make_collection(cast.workspace, "Gloves", task=other)
    make_collection(cast.elsewhere)
    client = api_client(cast.vera)

    def names(query: str) -> list[str]:
        return [one["name"] for one in client.get(COLLECTION + query).json()["results"]]

    assert names("") == ["Gloves", "Boots", "Hats", "Shoes"]
    assert names("?search=OO") == ["Boots"]
    assert names("?ordering=name") == ["Boots", "Gloves", "Hats", "Shoes"]
    assert names(f"?task={other.id}") == ["Gloves"]
    assert names(f"?task={uuid.uuid4()}") == []
    assert client.get(f"{COLLECTION}?task=x").status_code == 400
    page = client.get(f"{COLLECTION}?page_size=2&search=s").json()
    assert (page["count"], len(page["results"])) == (4, 2)
    assert "search=s" in page["next"]
    with django_assert_max_num_queries(5):
        names("")


def test_who_may(cast: Cast) -> None:
    collection = make_collection(cast.workspace)
    body = {"name": "Shop", "task": str(collection.task_id)}
    check_refusals(cast, "post", in_workspace(cast, COLLECTION), body)
    check_refusals(cast, "get", in_workspace(cast, COLLECTION), writes=False)
    address = f"{COLLECTION}{collection.id}"
    check_refusals(cast, "get", address, writes=False)
    for method in ("put", "patch", "delete"):
        check_refusals(cast, method, address, {"name": "x"})
    collection.refresh_from_db()
    assert (Collection.objects.count(), collection.name) == (1, "Catalogue")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"task": "x"}, "task"),
        ({"task": str(uuid.uuid4())}, "task"),
        ({"version": "x"}, "version"),
    ],
)
def test_bad_input(cast: Cast, body: Any, named: str) -> None:
    task = make_task(cast.workspace)
    make_version(task)
    answer = api_client(cast.bob).post(COLLECTION, {"name": "a", "task": str(task.id)} | body)
    assert (answer.status_code, list(answer.json())) == (400, [named])
    assert not Collection.objects.exists()


def test_a_task_of_another_workspace_is_not_there(cast: Cast) -> None:
    task = make_task(cast.elsewhere)
    make_version(task)
    answer = api_client(cast.bob).post(COLLECTION, {"name": "a", "task": str(task.id)})
    assert (answer.status_code, list(answer.json())) == (400, ["task"])


def test_its_task_and_version_stay(cast: Cast) -> None:
    collection, client = make_collection(cast.workspace), api_client(cast.bob)
    other = make_task(cast.workspace)
    for body in ({"version": 2}, {"task": str(other.id)}):
        answer = client.patch(f"{COLLECTION}{collection.id}", {"name": "x"} | body)
        assert answer.status_code == 400
        assert "Create another collection" in str(answer.json())
    collection.refresh_from_db()
    assert collection.name == "Catalogue"


def test_a_task_or_version_in_use_is_not_deleted(cast: Cast) -> None:
    collection, client = make_collection(cast.workspace), api_client(cast.alice)
    for address in (f"{TASK}{collection.task_id}", f"{MODEL}{collection.version_id}"):
        answer = client.delete(address)
        assert answer.status_code == 409
        assert "“Catalogue”" in answer.json()["detail"]
    assert Version.objects.filter(pk=collection.version_id).exists()
    unused = make_version(collection.task)
    assert client.delete(f"{MODEL}{unused.pk}").status_code == 204
    client.delete(f"{COLLECTION}{collection.id}")
    assert client.delete(f"{TASK}{collection.task_id}").status_code == 204
    assert not Task.objects.exists()


def test_its_records_go_with_it_and_no_others(cast: Cast) -> None:
    collection = make_collection(cast.workspace)
    other = make_collection(cast.workspace, task=collection.task)
    make_records(collection, "a", "b")
    make_records(other, "a")
    api_client(cast.bob).delete(f"{COLLECTION}{collection.id}")
    assert [row.collection_id for row in Record.objects.all()] == [other.id]


def test_a_descriptor_by_collection(cast: Cast) -> None:
    collection = make_collection(cast.workspace)
    newer = make_described_version(collection.task)
    client = api_client(cast.vera)
    body = {"records": [{"_base64": as_base64(drawn_jpeg(1))}], "collection": str(collection.id)}
    for task_id in ({}, {"task_id": None}):
        answer = client.post(DESCRIPTOR, body | task_id).json()
        assert (answer["version"], answer["task_id"]) == (1, str(collection.task_id))
        assert len(answer["records"][0]["_descriptor"]) == newer.dimension
    missing = client.post(DESCRIPTOR, body | {"collection": str(uuid.uuid4())})
    assert (missing.status_code, missing.json()["status"]["code"]) == (404, 404)
    check_refusals(cast, "post", DESCRIPTOR, body, writes=False)
    assert client.post(DESCRIPTOR, {"records": [{}], "collection": ""}).status_code == 400


def test_descriptors_by_collection_later(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    collection = make_collection(cast.workspace)
    records = [{"_base64": as_base64(drawn_jpeg(1))}]
    answer = done(
        api_client(cast.vera), "descriptor", records=records, collection=str(collection.id)
    )
    assert answer["status"] == "DONE"
    assert len(answer["response"]["records"][0]["_descriptor"]) == collection.version.dimension
