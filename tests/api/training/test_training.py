"""Train a task, look at its models, choose one, delete one."""

import json
from typing import Any

import pytest

from accounts.models import Scope
from dashboard.files.store import storage
from dashboard.jobs import runner
from dashboard.models import Job, Task
from dashboard.services.jobs import queueing
from dashboard.services.library.groups import add_images
from dashboard.services.training.tasks import add_type
from tests.api.calls import MODEL, TASK, check_refusals, in_workspace
from tests.factories import (
    Cast,
    api_client,
    make_group,
    make_image,
    make_key,
    make_task,
    make_type,
    make_version,
)


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the ids that would go to the broker."""
    ids: list[str] = []
    monkeypatch.setattr(queueing.app, "send_task", lambda _name, args, **_: ids.append(args[0]))
    return ids


def make_ready(cast: Cast, groups: int = 2, images: int = 2) -> Task:
    """Make a task with so many groups of so many images."""
    kind, task = make_type(cast.workspace), make_task(cast.workspace)
    for number in range(groups):
        seeds = range(number * images, (number + 1) * images)
        ids = [make_image(cast.workspace, seed).id for seed in seeds]
        add_images(group=make_group(kind, f"Group {number}"), ids=ids, actor=cast.bob)
    add_type(task=task, similarity_type=kind, actor=cast.bob)
    return task


def test_it_works(cast: Cast, sent: list[str], django_capture_on_commit_callbacks: Any) -> None:
    task, client = make_ready(cast), api_client(cast.bob)
    with django_capture_on_commit_callbacks(execute=True):
        started = client.post(f"{TASK}{task.id}/train/", {})
    assert started.status_code == 202
    model = started.json()
    assert model | {"id": "", "created": ""} == {
        "id": "",
        "task": str(task.id),
        "task_name": "Shoes",
        "version": 1,
        "train_status": "QUEUED",
        "production": False,
        "encoder": "builtin-1+photo-1",
        "dimension": None,
        "metrics": {},
        "train_detail": "",
        "workspace": str(cast.workspace.id),
        "created": "",
        "trained": None,
    }
    assert client.get(f"{MODEL}{model['id']}/").json() == model
    assert client.get(f"{TASK}{task.id}").json()["last_train_status"] == "QUEUED"
    (job_id,) = sent
    runner.run_job(job_id)
    trained = client.get(f"{MODEL}{model['id']}").json()
    assert trained["train_status"] == "TRAINED"
    assert trained["dimension"] > 0
    assert trained["trained"] > trained["created"]
    assert trained["metrics"]
    assert trained["train_detail"]
    assert client.get(f"{TASK}{task.id}").json()["last_train_status"] == "TRAINED"
    assert client.get(MODEL).json()["results"] == [trained]
    assert client.get("/recognition/v2/model").json()["results"] == [trained]


def test_a_second_training_waits_its_turn(cast: Cast) -> None:
    task, client = make_ready(cast), api_client(cast.bob)
    first = client.post(f"{TASK}{task.id}/train").json()
    second = client.post(f"{TASK}{task.id}/train")
    assert second.status_code == 409
    assert second.json()["model"] == first["id"]
    assert first["id"] in second.json()["detail"]
    assert Job.objects.count() == 1


def test_the_production_version(cast: Cast) -> None:
    task = make_task(cast.workspace)
    version, admin = make_version(task), api_client(cast.ann)
    one = f"{MODEL}{version.id}"
    assert admin.patch(one, {"production": True}).json()["production"] is True
    assert admin.get(f"{TASK}{task.id}").json()["production_version"] == 1
    assert admin.patch(one, {}).json()["production"] is True
    assert admin.patch(one, {"production": "False"}).json()["production"] is False
    assert admin.get(f"{TASK}{task.id}").json()["production_version"] is None


def test_delete_a_model(cast: Cast) -> None:
    version = make_version(make_task(cast.workspace))
    admin = api_client(cast.ann)
    assert admin.delete(f"{MODEL}{version.id}/").status_code == 204
    assert admin.get(f"{MODEL}{version.id}/").status_code == 404


def test_delete_a_task_that_trains(
    cast: Cast, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    task, client = make_ready(cast), api_client(cast.bob)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{TASK}{task.id}/train")
    assert client.delete(f"{TASK}{task.id}").status_code == 204
    runner.run_job(sent[0])
    assert Job.objects.get().state == Job.State.CANCELLED
    assert list(storage.names(f"{cast.workspace.id}/versions")) == []


# Refusals


def test_who_may(cast: Cast) -> None:
    task = make_task(cast.workspace)
    one = f"{MODEL}{make_version(task).id}/"
    check_refusals(cast, "post", f"{TASK}{task.id}/train", {})
    check_refusals(cast, "get", in_workspace(cast, MODEL), writes=False)
    check_refusals(cast, "get", one, writes=False)
    check_refusals(cast, "patch", one, {"production": True})
    check_refusals(cast, "delete", one)


def test_an_editor_chooses_no_production_version(cast: Cast) -> None:
    address = f"{MODEL}{make_version(make_task(cast.workspace)).id}"
    editor = api_client(cast.bob)
    assert editor.patch(address, {"production": True}).status_code == 403
    assert editor.delete(address).status_code == 403
    reads = api_client(make_key(cast.ann, scope=Scope.READ))
    assert reads.patch(address, {"production": True}).status_code == 403


def test_an_untrained_version_is_not_for_production(cast: Cast) -> None:
    version = make_version(make_task(cast.workspace), status="ERROR")
    admin = api_client(cast.ann)
    answer = admin.patch(f"{MODEL}{version.id}", {"production": True})
    assert (answer.status_code, list(answer.data)) == (400, ["detail"])
    bad = admin.patch(f"{MODEL}{version.id}", {"production": "maybe"})
    assert (bad.status_code, list(bad.data)) == (400, ["production"])


def test_a_task_without_types(cast: Cast) -> None:
    answer = api_client(cast.bob).post(f"{TASK}{make_task(cast.workspace).id}/train")
    assert answer.status_code == 400
    assert "type" in answer.data["detail"]


@pytest.mark.parametrize(("groups", "images"), [(0, 0), (1, 2), (2, 1)])
def test_too_little_data_says_of_what(cast: Cast, groups: int, images: int) -> None:
    task = make_ready(cast, groups, images)
    answer = api_client(cast.bob).post(f"{TASK}{task.id}/train")
    assert answer.status_code == 400
    assert "“Same product”" in answer.data["detail"]
    assert not Job.objects.exists()


def test_the_answer_of_a_training_is_plain_json(cast: Cast) -> None:
    version = make_version(make_task(cast.workspace), metrics={"a": {"recall": 0.5}})
    answer = api_client(cast.vera).get(f"{MODEL}{version.id}")
    assert json.loads(answer.content)["metrics"] == {"a": {"recall": 0.5}}
