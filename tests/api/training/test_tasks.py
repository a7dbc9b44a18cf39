"""Create, read, change and delete tasks, and attach types to them."""

import uuid
from typing import Any

import pytest

from accounts.models import Change
from dashboard.engine.prior import BOTH, BUILTIN
from dashboard.models import Task
from tests.api.calls import TASK, TYPE, check_refusals, in_workspace
from tests.factories import Cast, api_client, make_task, make_type, make_version

NOBODYS = "6a09e667-f3bc-4908-b2fb-1366ea957d3e"


def test_it_works(cast: Cast) -> None:
    client = api_client(cast.bob)
    created = client.post(TASK, {"name": " Shoes ", "description": "What we sell"})
    assert created.status_code == 201
    task = created.json()
    assert uuid.UUID(task["id"]).version == 4
    assert task["id"] == task["id"].lower()
    assert task | {"id": "", "created": "", "modified": ""} == {
        "id": "",
        "name": "Shoes",
        "description": "What we sell",
        "workspace": str(cast.workspace.id),
        "types": [],
        "production_version": None,
        "last_train_status": None,
        "encoder": "",
        "created": "",
        "modified": "",
    }
    assert client.get(f"{TASK}{task['id']}").json() == task
    assert client.get(TASK).json()["results"] == [task]
    activity = Change.objects.filter(noun="task").get()
    assert (activity.verb, activity.target_name, activity.actor) == ("created", "Shoes", cast.bob)


def test_a_form_as_the_page_sends_it(cast: Cast) -> None:
    answer = api_client(cast.bob).post(TASK, {"name": "Shoes"}, format="multipart")
    assert (answer.status_code, answer.data["description"]) == (201, "")


@pytest.mark.parametrize("method", ["put", "patch"])
def test_change_what_is_given(cast: Cast, method: str) -> None:
    task = make_task(cast.workspace, "Shoes", description="All")
    change = getattr(api_client(cast.bob), method)
    renamed = change(f"{TASK}{task.id}/", {"name": "Hats", "id": "ignored"})
    assert renamed.status_code == 200
    assert (renamed.data["name"], renamed.data["description"]) == ("Hats", "All")
    emptied = change(f"{TASK}{task.id}/", {"description": None})
    assert (emptied.data["name"], emptied.data["description"]) == ("Hats", "")
    assert change(f"{TASK}{task.id}/", {}).data["name"] == "Hats"
    assert Change.objects.filter(noun="task", verb="changed").count() == 2


def test_delete(cast: Cast) -> None:
    task = make_task(cast.workspace)
    client = api_client(cast.bob)
    answer = client.delete(f"{TASK}{task.id}/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(f"{TASK}{task.id}/").status_code == 404


def test_attach_and_detach_a_type(cast: Cast) -> None:
    task, kind = make_task(cast.workspace), make_type(cast.workspace)
    client = api_client(cast.bob)
    for body in ({"type_id": kind.id}, {"type": kind.id}):
        added = client.post(f"{TASK}{task.id}/add-type/", body)
        assert added.status_code == 200
        assert added.json()["types"] == [client.get(f"{TYPE}{kind.id}").json()]
    for _ in range(2):
        removed = client.post(f"{TASK}{task.id}/remove-type/", {"type_id": str(kind.id)})
        assert (removed.status_code, removed.data["types"]) == (200, [])


def test_what_a_task_says_of_its_versions(cast: Cast) -> None:
    task = make_task(cast.workspace)
    task.production_version = make_version(task)
    make_version(task, status="ERROR")
    task.versions_count = 2
    task.save()
    answer = api_client(cast.vera).get(f"{TASK}{task.id}").data
    assert (answer["production_version"], answer["last_train_status"]) == (1, "ERROR")


# Refusals


def test_who_may(cast: Cast) -> None:
    one = f"{TASK}{make_task(cast.workspace).id}/"
    check_refusals(cast, "get", in_workspace(cast, TASK), writes=False)
    check_refusals(cast, "post", in_workspace(cast, TASK), {"name": "Shoes"})
    check_refusals(cast, "get", one, writes=False)
    for method in ("put", "patch", "delete"):
        check_refusals(cast, method, one, {"name": "Hats"})
    for call in ("add-type", "remove-type"):
        check_refusals(cast, "post", f"{one}{call}", {})


def test_a_strangers_task_looks_like_none(cast: Cast) -> None:
    client = api_client(cast.charlie)
    theirs = client.get(f"{TASK}{make_task(cast.workspace).id}")
    nobodys = client.get(f"{TASK}{uuid.uuid4()}")
    assert (theirs.status_code, theirs.data) == (nobodys.status_code, nobodys.data)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": None}, "name"),
        ({"name": ["a"]}, "name"),
        ({"name": {"a": 1}}, "name"),
        ({"name": True}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "Shoes", "description": "a\x00"}, "description"),
        ({"name": "Shoes", "description": []}, "description"),
    ],
)
def test_bad_input(cast: Cast, body: Any, field: str) -> None:
    client, task = api_client(cast.bob), make_task(cast.workspace)
    answers = [client.post(TASK, body)]
    if body:
        answers += [client.put(f"{TASK}{task.id}", body), client.patch(f"{TASK}{task.id}", body)]
    for answer in answers:
        assert answer.status_code == 400
        assert isinstance(answer.json()[field][0], str)


@pytest.mark.parametrize("body", [{}, {"type_id": "x"}, {"type_id": 5}, {"type_id": NOBODYS}])
def test_a_type_that_is_none(cast: Cast, body: Any) -> None:
    address = f"{TASK}{make_task(cast.workspace).id}/add-type"
    answer = api_client(cast.bob).post(address, body)
    assert answer.status_code == 400
    assert isinstance(answer.json()["type_id"][0], str)


def test_a_type_from_elsewhere(cast: Cast) -> None:
    kind = make_type(cast.elsewhere)
    address = f"{TASK}{make_task(cast.workspace).id}/add-type"
    assert api_client(cast.bob).post(address, {"type_id": kind.id}).status_code == 400


@pytest.mark.parametrize("wrong", ["x", "-" * 36, "0" * 32, "%00"])
def test_an_id_that_is_none(cast: Cast, wrong: str) -> None:
    answer = api_client(cast.bob).get(f"{TASK}{wrong}/")
    assert answer.status_code == 404
    assert isinstance(answer.data["detail"], str)


def test_an_id_in_capitals(cast: Cast) -> None:
    task = make_task(cast.workspace)
    answer = api_client(cast.bob).get(f"{TASK}{str(task.id).upper()}/")
    assert answer.json()["id"] == str(task.id)


def test_a_task_chooses_its_encoder(cast: Cast) -> None:
    client = api_client(cast.bob)
    task = client.post(TASK, {"name": "Shoes", "encoder": BUILTIN}).json()
    assert task["encoder"] == BUILTIN
    assert client.get(f"{TASK}{task['id']}").json()["encoder"] == BUILTIN
    changed = client.patch(f"{TASK}{task['id']}", {"encoder": BOTH}).json()
    assert (changed["encoder"], changed["name"]) == (BOTH, "Shoes")
    assert client.patch(f"{TASK}{task['id']}", {"encoder": None}).json()["encoder"] == ""


@pytest.mark.parametrize(
    "key",
    ["photo-1", "own-1234", "Shapes, colours and object categories: the best for most images."],
)
def test_an_encoder_that_is_not_there_is_refused(cast: Cast, key: str) -> None:
    client, there = api_client(cast.bob), make_task(cast.workspace)
    for answer in (
        client.post(TASK, {"name": "Bags", "encoder": key}),
        client.patch(f"{TASK}{there.id}", {"encoder": key}),
    ):
        assert (answer.status_code, answer.json()) == (
            400,
            {"detail": "This encoder does not exist or is not ready yet. Choose another."},
        )
    assert Task.objects.get() == there
