"""Long work over the API: asked for now, answered later."""

import base64
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Activity, Scope
from dashboard.files import paths, storage
from dashboard.files.errors import AddressTooSlow, FileRefused, ForbiddenAddress
from dashboard.jobs import runner, sweep
from dashboard.models import AsyncRecord, AsyncRequest, Group, GroupImage, Image, Job, Task, Version
from dashboard.services import async_records, jobs
from dashboard.services.closing import cancel_job
from dashboard.services.groups import add_images, delete_group
from dashboard.services.nesting import add_groups
from dashboard.services.tasks import add_type
from dashboard.services.training import start_training
from dashboard.services.versions import delete_version
from tests.api.calls import DESCRIPTOR, IMAGE, REQUEST, check_refusals, in_workspace, whole
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    drawn_jpeg,
    drawn_png,
    make_group,
    make_image,
    make_job,
    make_key,
    make_request,
    make_task,
    make_type,
)

URL = "http://pictures.example.org/red%20shoe.jpg?size=9"
Json = dict[str, Any]


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.app, "send_task", lambda *_, **__: None)


@pytest.fixture
def task(cast: Cast) -> Task:
    """Make a task that can be trained, on two groups of two images."""
    kind, task = make_type(cast.workspace), make_task(cast.workspace)
    for number in range(2):
        ids = [make_image(cast.workspace, 10 * number + seed).id for seed in range(2)]
        add_images(group=make_group(kind, str(number)), ids=ids, actor=cast.bob)
    add_type(task=task, similarity_type=kind, actor=cast.bob)
    return task


@pytest.fixture
def trained(cast: Cast, task: Task) -> Task:
    _, job = start_training(task=task, actor=cast.bob)
    runner.run_job(str(job.id))
    return task


@pytest.fixture
def client(cast: Cast) -> ApiClient:
    return api_client(cast.bob)


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
    row = Activity.objects.get(noun="request")
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

    monkeypatch.setattr("dashboard.services.descriptors.fetch_many", fetch)
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

    monkeypatch.setattr("dashboard.services.descriptors.fetch_many", fetch)
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
    assert "no image to learn from" in answer["detail"]
    assert answer["progress"] == {"total": 1, "done": 0, "failed": 1}


def test_a_training_that_cannot_begin(cast: Cast, client: ApiClient, task: Task) -> None:
    untrainable = make_task(cast.workspace, "Hats")
    answer = client.post(REQUEST, {"type": "train", "task_id": str(untrainable.id)})
    assert (answer.status_code, list(answer.data)) == (400, ["detail"])
    submit(client, "train", task_id=str(task.id))
    answer = client.post(REQUEST, {"type": "train", "task_id": str(task.id)})
    assert (answer.status_code, answer.data["model"]) == (409, Version.objects.get().id)
    assert AsyncRequest.objects.count() == 1


# Uploads


def test_an_upload(
    cast: Cast, client: ApiClient, monkeypatch: pytest.MonkeyPatch, task: Task
) -> None:
    def fetch(sources: Iterable[Any]) -> Any:
        return (drawn_png(50) if isinstance(one, str) else one for one in sources)

    monkeypatch.setattr("dashboard.services.descriptors.fetch_many", fetch)
    group = Group.objects.get(name="0")
    there = Image.objects.get(file_name="10.jpg")
    records: list[Json] = [
        {"_url": URL, "group": str(group.id), "test_image": True, "meta_data": {"a": [1]}},
        {"_base64": as_base64(drawn_png(51)), "_id": "mine"},
        {"_base64": as_base64(drawn_png(51)), "group": str(group.id)},
        {"_base64": as_base64(drawn_jpeg(10)), "group": str(group.id), "meta_data": {"b": 1}},
        {"_base64": as_base64(b"no picture"), "group": None, "meta_data": None},
    ]
    answer = done(client, "upload", records=records)
    assert answer["progress"] == {"total": 5, "done": 4, "failed": 1}
    found = answer["response"]["records"]
    assert [record["_status"]["code"] for record in found] == [201, 201, 200, 200, 400]
    assert (found[1]["_id"], found[1]["image"]) == ("mine", found[2]["image"])
    assert found[3]["image"] == str(there.id)
    new = client.get(f"{IMAGE}{found[0]['image']}").json()
    assert (new["file_name"], new["test_image"]) == ("red shoe.jpg", True)
    assert new["meta_data"] == {"a": [1]}
    there.refresh_from_db()
    assert there.meta_data == {}
    group.refresh_from_db()
    assert group.images_count == 5 == group.image_rows.count()
    # Search will find what is new.
    assert Job.objects.filter(kind=Job.Kind.DESCRIBE).exists()
    assert stored(cast) == []


def test_a_deleted_image_comes_back(cast: Cast, client: ApiClient) -> None:
    image = make_image(cast.workspace, 1)
    client.delete(f"{IMAGE}{image.id}")
    (record,) = done(client, "upload", records=[{"_base64": as_base64(drawn_jpeg(1))}])["response"][
        "records"
    ]
    assert (record["image"], record["_status"]["code"]) == (str(image.id), 201)
    assert Image.objects.get().deleted is None


def test_where_an_image_cannot_go_is_said(cast: Cast, client: ApiClient) -> None:
    kind = make_type(cast.workspace, exclusive=True)
    names = ("here", "there", "gone", "folder", "inside")
    groups = {name: make_group(kind, name) for name in names}
    add_images(group=groups["here"], ids=[make_image(cast.workspace, 1).id], actor=cast.bob)
    records = [
        {"_base64": as_base64(drawn_jpeg(seed)), "group": str(groups[name].id)}
        for seed, name in ((1, "there"), (1, "here"), (2, "gone"), (3, "folder"))
    ]
    submitted = submit(client, "upload", records=records)
    delete_group(group=groups["gone"], actor=cast.bob)
    add_groups(group=groups["folder"], ids=[groups["inside"].id], actor=cast.bob)
    work(submitted["id"])
    found = whole(client.get(f"{REQUEST}{submitted['id']}"))["response"]["records"]
    texts = [record["_status"]["text"] for record in found]
    assert "stays in the group “here”" in texts[0]
    assert "already" in texts[1]
    assert "deleted meanwhile" in texts[2]
    assert "holds groups" in texts[3]
    assert all(record["image"] for record in found)
    assert GroupImage.objects.count() == 1


def test_a_killed_upload_brings_everything_in_once(
    cast: Cast, client: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(async_records, "AT_ONCE", 2)
    group = make_group(make_type(cast.workspace))
    records = [
        {"_base64": as_base64(drawn_jpeg(seed)), "group": str(group.id)} for seed in range(5)
    ]
    submitted = submit(client, "upload", records=records)
    batches: list[int] = []
    report = async_records._report

    def breaking(*given: Any) -> None:
        batches.append(1)
        if len(batches) == 3:  # at the start, after the first batch, after the second
            raise KeyboardInterrupt
        report(*given)

    monkeypatch.setattr(async_records, "_report", breaking)
    with pytest.raises(KeyboardInterrupt):
        work(submitted["id"])
    assert Image.objects.count() == 2
    work(submitted["id"])
    group.refresh_from_db()
    assert Image.objects.count() == group.images_count == group.image_rows.count() == 5
    files = [*storage.names(f"{cast.workspace.id}/images")]
    assert len(files) == 5


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"group": "red"}, "Record 2: “red” is not an id."),
        ({"group": 7}, "Record 2: “7” is not an id."),
        ({"test_image": "maybe"}, "Record 2: Must be a valid boolean."),
        ({"meta_data": [1]}, "Record 2: Send an object."),
        ({"meta_data": "{}"}, "Record 2: Send an object."),
        ({"meta_data": {"a": "\x00"}}, "Record 2: Leave out the null character."),
    ],
)
def test_a_record_that_makes_no_sense(client: ApiClient, record: Json, sentence: str) -> None:
    answer = client.post(REQUEST, {"type": "upload", "records": [{}, record]})
    assert (answer.status_code, answer.data["records"][0]) == (400, sentence)
    assert not AsyncRequest.objects.exists()


def test_a_group_of_somebody_else(cast: Cast, client: ApiClient) -> None:
    foreign = make_group(make_type(cast.elsewhere))
    answer = client.post(REQUEST, {"type": "upload", "records": [{"group": str(foreign.id)}]})
    assert answer.status_code == 400
    assert str(foreign.id) in answer.data["detail"]
    assert not AsyncRequest.objects.exists()


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


# Lists


def test_lists_by_type_and_status(cast: Cast, client: ApiClient) -> None:
    states: dict[str, Json] = {
        "CREATED": {},
        "RETRY": {"tries": 1},
        "PROCESSING": {"state": "running", "owner": "x", "lease_until": timezone.now()},
        "DONE": {"state": "done", "finished": timezone.now()},
        "FAILED": {"state": "failed", "finished": timezone.now()},
        "CANCELLED": {"state": "cancelled", "finished": timezone.now()},
    }
    for facts in states.values():
        make_request(cast.workspace, job=make_job(cast.workspace, **facts))
    make_request(cast.elsewhere)
    listed = client.get(REQUEST).json()
    assert listed["count"] == 6
    assert {row["status"] for row in listed["results"]} == set(states)
    for status in states:
        (row,) = client.get(f"{REQUEST}?page=1&status={status.lower()}").json()["results"]
        assert row["status"] == status
    assert client.get(f"{REQUEST}?type=upload").json()["count"] == 6
    assert client.get(f"{REQUEST}?type=train&status=DONE").json()["count"] == 0
    for wrong in ("type=x", "status=5"):
        assert client.get(f"{REQUEST}?{wrong}").status_code == 400


def test_a_list_takes_few_queries(
    cast: Cast, client: ApiClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(REQUEST)
    for _ in range(3):
        make_request(cast.workspace)
    with django_assert_num_queries(5):  # token, membership, count, requests, their records
        assert len(client.get(REQUEST).json()["results"]) == 3


# Its end


def test_cancelling_its_job(cast: Cast, client: ApiClient) -> None:
    submitted = submit(client, "upload", records=[{"_base64": as_base64(drawn_png())}])
    cancel_job(job=Job.objects.get(), actor=cast.bob)
    assert client.get(f"{REQUEST}{submitted['id']}").json()["status"] == "CANCELLED"
    assert stored(cast) == []


def test_deleting_it_ends_the_work(
    cast: Cast, client: ApiClient, django_capture_on_commit_callbacks: Any
) -> None:
    submitted = submit(client, "upload", records=[{"_base64": as_base64(drawn_png())}])
    one = f"{REQUEST}{submitted['id']}"
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
    assert Job.objects.get().state == "cancelled"
    assert not AsyncRecord.objects.exists()
    assert stored(cast) == []
    runner.run_job(str(Job.objects.get().id))
    assert not Image.objects.exists()
    assert Activity.objects.get(verb="deleted").noun == "request"


def test_deleting_that_of_a_training_cancels_it(client: ApiClient, task: Task) -> None:
    submitted = submit(client, "train", task_id=str(task.id))
    assert client.delete(f"{REQUEST}{submitted['id']}/").status_code == 204
    assert Version.objects.get().status == Version.Status.CANCELLED


def test_deleting_that_of_a_finished_training_keeps_the_version(
    client: ApiClient, task: Task
) -> None:
    submitted = submit(client, "train", task_id=str(task.id))
    work(submitted["id"])
    assert client.delete(f"{REQUEST}{submitted['id']}/").status_code == 204
    assert Version.objects.get().status == Version.Status.TRAINED


def test_it_is_forgotten_when_it_is_old(
    cast: Cast, client: ApiClient, settings: Settings, trained: Task
) -> None:
    old = done(client, "descriptor", records=[{}], task_id=str(trained.id))["id"]
    done(client, "descriptor", records=[{}], task_id=str(trained.id))
    submit(client, "descriptor", records=[{}], task_id=str(trained.id))
    long_ago = timezone.now() - timedelta(days=8)
    AsyncRequest.objects.update(created=long_ago)
    Job.objects.filter(pk=AsyncRequest.objects.get(pk=old).job_id).update(finished=long_ago)
    sweep.sweep_once()
    assert AsyncRequest.objects.count() == AsyncRecord.objects.count() == 2
    assert client.get(f"{REQUEST}{old}").status_code == 404
    settings.LIKEWISE_KEEP_REQUESTS = 9
    AsyncRequest.objects.update(created=long_ago)
    Job.objects.filter(state="done").update(finished=long_ago)
    sweep.sweep_once()
    assert AsyncRequest.objects.count() == 2


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
