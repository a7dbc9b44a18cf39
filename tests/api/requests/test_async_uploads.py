"""Pictures that are brought in by an asynchronous request."""

from collections.abc import Iterable
from typing import Any

import pytest

from dashboard.files.store import storage
from dashboard.models import AsyncRequest, Group, GroupImage, Image, Job, Task
from dashboard.services.library.groups import add_images, delete_group
from dashboard.services.library.nesting import add_groups
from dashboard.services.requests import async_records
from tests.api.calls import IMAGE, REQUEST, whole
from tests.api.requests.long_requests import URL, Json, as_base64, done, stored, submit, work
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    drawn_jpeg,
    drawn_png,
    make_group,
    make_image,
    make_type,
)

pytestmark = pytest.mark.usefixtures("no_worker")


@pytest.fixture
def client(cast: Cast) -> ApiClient:
    return api_client(cast.bob)


def test_an_upload(
    cast: Cast, client: ApiClient, monkeypatch: pytest.MonkeyPatch, task: Task
) -> None:
    def fetch(sources: Iterable[Any]) -> Any:
        return (drawn_png(50) if isinstance(one, str) else one for one in sources)

    monkeypatch.setattr("dashboard.services.training.descriptors.fetch_many", fetch)
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
    assert "deleted in the meantime" in texts[2]
    assert "contains groups" in texts[3]
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
        ({"meta_data": {"a": "\x00"}}, "Record 2: Remove the null character."),
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
