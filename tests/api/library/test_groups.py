"""Create, read, change and delete groups, and put images into them."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboard.models import Group
from dashboard.services.library.groups import add_images
from tests.api.calls import GROUP, check_refusals, in_workspace
from tests.factories import Cast, api_client, make_group, make_image, make_type

ALONE = {"images", "detection_objects", "groups"}
ALIAS = "/recognition/v2/group/"


def test_it_works(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    client = api_client(cast.bob)
    created = client.post(GROUP, {"name": "Red shoe", "type": kind.id, "meta_data": {"sku": [7]}})
    assert created.status_code == 201
    group = created.json()
    assert group | {"id": "", "created": "", "modified": ""} == {
        "id": "",
        "name": "Red shoe",
        "description": "",
        "type": {
            "id": str(kind.id),
            "name": "Same product",
            "workspace": str(cast.workspace.id),
        },
        "meta_data": {"sku": [7]},
        "test_group": False,
        "images_count": 0,
        "objects_count": 0,
        "groups_count": 0,
        "workspace": str(cast.workspace.id),
        "created": "",
        "modified": "",
        "verifyCount": 0,
        "images": [],
        "detection_objects": [],
        "groups": [],
    }
    assert client.get(f"{GROUP}{group['id']}/").json() == group
    listed = client.get(GROUP).json()["results"]
    assert listed == [{key: group[key] for key in group.keys() - ALONE}]


def test_the_pages_last_example(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    body = {"name": "Red shoe", "type": str(kind.id), "workspace": str(cast.workspace.id)}
    created = api_client(cast.bob).post(ALIAS, body)
    assert created.status_code == 201
    assert api_client(cast.bob).get(f"{ALIAS}{created.data['id']}").status_code == 200


def test_a_form_as_the_page_sends_it(cast: Cast) -> None:
    body = {"name": "Red shoe", "type": str(make_type(cast.workspace).id), "meta_data": '{"a": 1}'}
    created = api_client(cast.bob).post(GROUP, body, format="multipart")
    assert (created.status_code, created.data["meta_data"]) == (201, {"a": 1})


def test_put_images_in_and_take_them_out(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace))
    images = [make_image(cast.workspace, seed) for seed in range(3)]
    client, one = api_client(cast.bob), f"{GROUP}{group.id}/"
    ids = [str(image.id) for image in images]
    first = client.post(f"{one}add-images/", {"images": ids[:2]})
    assert (first.status_code, first.json()) == (200, {"added": 2, "already": 0})
    assert client.post(f"{one}add-images", {"images": ids}).json() == {"added": 1, "already": 2}
    whole = client.get(one).json()
    assert [image["id"] for image in whole["images"]] == ids[::-1]
    assert whole["images_count"] == 3
    assert whole["images"][0]["groups"] == [
        {"id": str(group.id), "name": "Red shoe", "type": str(group.similarity_type_id)}
    ]
    removed = client.post(f"{one}remove-images/", {"images": ids[:1]})
    assert removed.json() == {"removed": 1, "missing": 0}
    assert client.post(f"{one}remove-images/", {"images": ids}).json() == {
        "removed": 2,
        "missing": 1,
    }
    assert client.get(one).json()["images"] == []
    assert client.post(f"{one}add-images", {"images": []}).json() == {"added": 0, "already": 0}


def test_many_go_in_by_as_many_queries_as_one(cast: Cast) -> None:
    kind = make_type(cast.workspace, exclusive=True)
    images = [make_image(cast.workspace, seed) for seed in range(12)]
    client, counts = api_client(cast.bob), []
    client.get(GROUP)  # a key's first use is written down
    for chosen in (images[:1], images[1:]):
        address = f"{GROUP}{make_group(kind).id}/add-images"
        with CaptureQueriesContext(connection) as queries:
            answer = client.post(address, {"images": [str(image.id) for image in chosen]})
        assert answer.json() == {"added": len(chosen), "already": 0}
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_repeated_field_of_a_form_is_a_list(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace))
    ids = [str(make_image(cast.workspace, seed).id) for seed in range(2)]
    address = f"{GROUP}{group.id}/add-images"
    client = api_client(cast.bob)
    assert client.post(address, {"images": ids}, format="multipart").data["added"] == 2
    body = "&".join(f"images={one}" for one in ids)
    answer = client.post(address, body, content_type="application/x-www-form-urlencoded")
    assert answer.data == {"added": 0, "already": 2}


@pytest.mark.parametrize("method", ["put", "patch"])
def test_change_what_is_given(cast: Cast, method: str) -> None:
    group = make_group(make_type(cast.workspace), meta_data={"a": 1, "b": 2})
    other = make_type(cast.workspace, "Same pattern")
    change = getattr(api_client(cast.bob), method)
    one = f"{GROUP}{group.id}"
    assert change(one, {"type": str(other.id)}).json()["type"]["name"] == "Same pattern"
    both = change(one, {"name": "Blue shoe", "type": str(other.id)}).json()
    assert (both["name"], both["meta_data"]) == ("Blue shoe", {"a": 1, "b": 2})
    assert change(one, {"meta_data": {"b": 3}}).json()["meta_data"] == {"b": 3}
    assert change(one, {"meta_data": None}).json()["meta_data"] == {}
    assert change(one, {"test_group": "True"}).json()["test_group"] is True
    assert change(one, {"name": "Green"}, format="multipart").json()["test_group"] is True


def test_delete(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace))
    image = make_image(cast.workspace)
    add_images(group=group, ids=[image.id], actor=cast.bob)
    client = api_client(cast.bob)
    assert client.delete(f"{GROUP}{group.id}/").status_code == 204
    assert client.get(f"{GROUP}{group.id}/").status_code == 404
    image.refresh_from_db()
    assert image.deleted is None


# Refusals


def test_who_may(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    body = {"name": "Red shoe", "type": str(kind.id)}
    one = f"{GROUP}{make_group(kind).id}/"
    check_refusals(cast, "get", in_workspace(cast, GROUP), writes=False)
    check_refusals(cast, "post", in_workspace(cast, GROUP), body)
    check_refusals(cast, "get", one, writes=False)
    for method in ("put", "patch", "delete"):
        check_refusals(cast, method, one, body)
    for call in ("add-images", "remove-images"):
        check_refusals(cast, "post", f"{one}{call}", {"images": []})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"type": "x"}, "type"),
        ({"type": None}, "type"),
        ({"type": "6a09e667-f3bc-4908-b2fb-1366ea957d3e"}, "type"),
        ({"meta_data": []}, "meta_data"),
        ({"meta_data": "{}"}, "meta_data"),
        ({"meta_data": 5}, "meta_data"),
        ({"meta_data": {"a": "\x00"}}, "meta_data"),
        ({"meta_data": {"\x00": 1}}, "meta_data"),
        ({"meta_data": {"a": [1 << 70]}}, "meta_data"),
        ({"test_group": "maybe"}, "test_group"),
    ],
)
def test_bad_input(cast: Cast, body: Any, field: str) -> None:
    kind = make_type(cast.workspace)
    client, group = api_client(cast.bob), make_group(kind)
    whole = {"name": "x", "type": str(kind.id)} | body
    for answer in (client.post(GROUP, whole), client.patch(f"{GROUP}{group.id}", body)):
        assert answer.status_code == 400
        assert isinstance(answer.json()[field][0], str)


@pytest.mark.parametrize("call", ["add-images", "remove-images"])
@pytest.mark.parametrize(
    "images", [None, "x", ["x"], [5], [None], [{}], ["\x00"], [str(uuid.uuid4())] * 10_001]
)
def test_bad_ids(cast: Cast, call: str, images: Any) -> None:
    address = f"{GROUP}{make_group(make_type(cast.workspace)).id}/{call}"
    answer = api_client(cast.bob).post(address, {"images": images})
    assert answer.status_code == 400
    assert isinstance(answer.json()["images"][0], str)


@pytest.mark.parametrize("call", ["add-images", "remove-images"])
def test_an_unknown_image_is_named_and_nothing_changes(cast: Cast, call: str) -> None:
    group = make_group(make_type(cast.workspace))
    here, there, unknown = make_image(cast.workspace), make_image(cast.elsewhere, 1), uuid.uuid4()
    if call == "remove-images":
        add_images(group=group, ids=[here.id], actor=cast.bob)
    body = {"images": [str(here.id), str(there.id), str(unknown)]}
    answer = api_client(cast.bob).post(f"{GROUP}{group.id}/{call}/", body)
    assert answer.status_code == 400
    assert str(there.id) in answer.data["detail"]
    assert str(unknown) in answer.data["detail"]
    group.refresh_from_db()
    assert group.images_count == group.image_rows.count() == (call == "remove-images")


def test_a_second_group_of_an_exclusive_type(cast: Cast) -> None:
    kind = make_type(cast.workspace, exclusive=True)
    holder, other = make_group(kind, "holder"), make_group(kind, "other")
    image = make_image(cast.workspace)
    add_images(group=holder, ids=[image.id], actor=cast.bob)
    answer = api_client(cast.bob).post(f"{GROUP}{other.id}/add-images", {"images": [str(image.id)]})
    assert answer.status_code == 400
    assert str(holder.id) in answer.data["detail"]


def test_images_do_not_go_into_a_group_of_groups(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace))
    Group.objects.filter(pk=group.pk).update(groups_count=1)
    body = {"images": [str(make_image(cast.workspace).id)]}
    answer = api_client(cast.bob).post(f"{GROUP}{group.id}/add-images", body)
    assert (answer.status_code, list(answer.data)) == (400, ["detail"])
