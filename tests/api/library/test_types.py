"""Create, read, change and delete similarity types."""

from typing import Any

import pytest

from dashboard.models import Group, Image
from dashboard.services.library.groups import add_images
from dashboard.services.training.tasks import add_type
from tests.api.calls import TYPE, check_refusals, in_workspace
from tests.factories import Cast, api_client, make_group, make_image, make_task, make_type


def test_it_works(cast: Cast) -> None:
    client = api_client(cast.bob)
    created = client.post(TYPE, {"name": "Same product", "description": ""})
    assert created.status_code == 201
    kind = created.json()
    assert kind | {"id": "", "created": "", "modified": ""} == {
        "id": "",
        "name": "Same product",
        "description": "",
        "workspace": str(cast.workspace.id),
        "exclusive": False,
        "fold_by": "",
        "groups_count": 0,
        "created": "",
        "modified": "",
    }
    assert client.get(f"{TYPE}{kind['id']}/").json() == kind
    assert client.get(TYPE).json()["results"] == [kind]


@pytest.mark.parametrize("method", ["put", "patch"])
def test_change_what_is_given(cast: Cast, method: str) -> None:
    kind = make_type(cast.workspace, "Same product", description="All", exclusive=True)
    change = getattr(api_client(cast.bob), method)
    answer = change(f"{TYPE}{kind.id}", {"name": "Same pattern"})
    assert answer.status_code == 200
    assert answer.data["name"] == "Same pattern"
    assert (answer.data["description"], answer.data["exclusive"]) == ("All", True)
    form = change(f"{TYPE}{kind.id}", {"description": "Some"}, format="multipart")
    assert (form.data["description"], form.data["exclusive"]) == ("Some", True)
    assert change(f"{TYPE}{kind.id}", {"exclusive": "False"}).data["exclusive"] is False


def test_delete(cast: Cast) -> None:
    kind, task = make_type(cast.workspace), make_task(cast.workspace)
    add_type(task=task, similarity_type=kind, actor=cast.bob)
    client = api_client(cast.bob)
    assert client.delete(f"{TYPE}{kind.id}").status_code == 204
    assert client.get(f"{TYPE}{kind.id}").status_code == 404
    assert list(task.similarity_types.all()) == []


def test_delete_with_groups_takes_force(cast: Cast) -> None:
    kind, image = make_type(cast.workspace), make_image(cast.workspace)
    add_images(group=make_group(kind, "a"), ids=[image.id], actor=cast.bob)
    make_group(kind, "b")
    client = api_client(cast.bob)
    refused = client.delete(f"{TYPE}{kind.id}/")
    assert refused.status_code == 409
    assert "2 groups" in refused.data["detail"]
    assert client.delete(f"{TYPE}{kind.id}/?force=maybe").status_code == 400
    assert Group.objects.count() == 2
    assert client.delete(f"{TYPE}{kind.id}/?force=True").status_code == 204
    assert Group.objects.count() == 0
    assert Image.objects.count() == 1


# Refusals


def test_who_may(cast: Cast) -> None:
    one = f"{TYPE}{make_type(cast.workspace).id}/"
    check_refusals(cast, "get", in_workspace(cast, TYPE), writes=False)
    check_refusals(cast, "post", in_workspace(cast, TYPE), {"name": "Same product"})
    check_refusals(cast, "get", one, writes=False)
    for method in ("put", "patch", "delete"):
        check_refusals(cast, method, one, {"name": "Same pattern"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x", "exclusive": "maybe"}, "exclusive"),
        ({"name": "x", "exclusive": []}, "exclusive"),
    ],
)
def test_bad_input(cast: Cast, body: Any, field: str) -> None:
    client, kind = api_client(cast.bob), make_type(cast.workspace)
    for answer in (client.post(TYPE, body), client.patch(f"{TYPE}{kind.id}", body)):
        assert answer.status_code == 400
        assert isinstance(answer.json()[field][0], str)


def test_exclusive_is_refused_while_an_image_is_in_two_groups(cast: Cast) -> None:
    kind, image = make_type(cast.workspace), make_image(cast.workspace)
    for name in ("a", "b"):
        add_images(group=make_group(kind, name), ids=[image.id], actor=cast.bob)
    answer = api_client(cast.bob).patch(f"{TYPE}{kind.id}", {"exclusive": True})
    assert answer.status_code == 400
    assert str(image.id) in answer.data["detail"]


def test_groups_of_a_shoot_are_tested_together(cast: Cast) -> None:
    client = api_client(cast.bob)
    made = client.post(TYPE, {"name": "Same product", "fold_by": " shoot "}).json()
    assert made["fold_by"] == "shoot"
    assert client.patch(f"{TYPE}{made['id']}", {"fold_by": ""}).json()["fold_by"] == ""
