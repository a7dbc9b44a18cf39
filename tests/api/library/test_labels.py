"""Create, read, change and delete labels of objects."""

from typing import Any

import pytest

from dashboard.models import DEFAULT_LABEL, Label, Region
from dashboard.services.library.groups import add_regions
from tests.api.calls import IMAGE, LABEL, NOBODYS, check_refusals, in_workspace
from tests.factories import (
    Cast,
    api_client,
    make_group,
    make_image,
    make_label,
    make_region,
    make_type,
)


def default_of(cast: Cast) -> Label:
    return Label.objects.get(workspace=cast.workspace, name=DEFAULT_LABEL)


def test_it_works(cast: Cast) -> None:
    client = api_client(cast.bob)
    body = {"name": "Heel", "description": None, "color": "#FFFFFF", "output_name": None}
    created = client.post(LABEL, body)
    assert created.status_code == 201
    label = created.json()
    assert label | {"id": "", "created": "", "modified": ""} == {
        "id": "",
        "name": "Heel",
        "description": "",
        "color": "#FFFFFF",
        "output_name": "",
        "workspace": str(cast.workspace.id),
        "recognition_tasks": [],
        "created": "",
        "modified": "",
    }
    assert client.get(f"{LABEL}{label['id']}/").json() == label
    assert client.get(LABEL).json()["results"][0] == label
    assert client.delete(f"{LABEL}{label['id']}").status_code == 204
    assert client.get(f"{LABEL}{label['id']}").status_code == 404


def test_every_workspace_is_born_with_one(cast: Cast) -> None:
    listed = api_client(cast.vera).get(LABEL).json()
    assert [label["name"] for label in listed["results"]] == ["object"]
    assert listed["count"] == 1


def test_a_form(cast: Cast) -> None:
    created = api_client(cast.bob).post(LABEL, {"name": "Heel", "color": ""}, format="multipart")
    assert (created.status_code, created.data["color"]) == (201, "#206bc4")


@pytest.mark.parametrize("method", ["put", "patch"])
def test_change_what_is_given(cast: Cast, method: str) -> None:
    one = f"{LABEL}{make_label(cast.workspace, color='#123').id}"
    change = getattr(api_client(cast.bob), method)
    assert change(one, {"name": "Toe"}).json()["color"] == "#123"
    changed = change(one, {"color": "#abcdef80", "output_name": "toe", "description": "x"}).json()
    assert [changed[name] for name in ("name", "color", "output_name", "description")] == [
        "Toe",
        "#abcdef80",
        "toe",
        "x",
    ]
    assert change(one, {"color": None}).json()["color"] == "#206bc4"
    assert change(one, {}).json()["name"] == "Toe"


def test_search_and_order(cast: Cast) -> None:
    for name in ("Heel", "Toe"):
        make_label(cast.workspace, name)
    client = api_client(cast.vera)
    for query, expected in (
        ("search=EE", ["Heel"]),
        ("ordering=name", ["Heel", "Toe", "object"]),
        ("page_size=1&page=2", ["Heel"]),
    ):
        found = client.get(f"{LABEL}?{query}").json()["results"]
        assert [label["name"] for label in found] == expected


def test_a_label_in_use_is_deleted_only_when_told(cast: Cast) -> None:
    label, image = make_label(cast.workspace), make_image(cast.workspace)
    regions = [make_region(image, label=label) for _ in range(2)]
    group = make_group(make_type(cast.workspace))
    add_regions(group=group, ids=[regions[0].id], actor=cast.bob)
    client, one = api_client(cast.bob), f"{LABEL}{label.id}"
    answer = client.delete(one)
    assert answer.status_code == 409
    assert answer.data["detail"].startswith("2 regions have the label “Heel”.")
    assert Region.objects.count() == 2
    assert client.delete(f"{one}?force=true").status_code == 204
    group.refresh_from_db()
    assert (Region.objects.count(), group.regions_count) == (0, 0)
    assert client.get(f"{IMAGE}{image.id}").status_code == 200


def test_the_last_default_label_stays(cast: Cast) -> None:
    client, label = api_client(cast.bob), default_of(cast)
    one = f"{LABEL}{label.id}"
    for answer in (client.delete(f"{one}?force=true"), client.patch(one, {"name": "thing"})):
        assert answer.status_code == 409
        assert "object" in answer.data["detail"]
    assert client.patch(one, {"name": "object", "color": "#fff"}).status_code == 200
    second = make_label(cast.workspace, DEFAULT_LABEL)
    assert client.delete(one).status_code == 204
    assert client.delete(f"{LABEL}{second.id}").status_code == 409


# Refusals


def test_who_may(cast: Cast) -> None:
    one = f"{LABEL}{make_label(cast.workspace).id}/"
    check_refusals(cast, "get", in_workspace(cast, LABEL), writes=False)
    check_refusals(cast, "post", in_workspace(cast, LABEL), {"name": "x"})
    check_refusals(cast, "get", one, writes=False)
    for method in ("put", "patch", "delete"):
        check_refusals(cast, method, one, {"name": "x"})
    assert api_client(cast.bob).get(f"{LABEL}{NOBODYS}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"color": "red"}, "color"),
        ({"color": "#12"}, "color"),
        ({"color": "#12345g"}, "color"),
        ({"color": ["#123"]}, "color"),
        ({"output_name": "x" * 256}, "output_name"),
        ({"description": "\x00"}, "description"),
    ],
)
def test_bad_input(cast: Cast, body: Any, field: str) -> None:
    client, label = api_client(cast.bob), make_label(cast.workspace)
    for answer in (
        client.post(LABEL, {"name": "x"} | body),
        client.put(f"{LABEL}{label.id}", body),
    ):
        assert answer.status_code == 400
        assert isinstance(answer.json()[field][0], str)
    assert Label.objects.filter(workspace=cast.workspace).count() == 2


def test_queries_are_as_many_for_many_as_for_few(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    client = api_client(cast.vera)
    client.get(LABEL)  # remembers that the key was used
    for number in range(5):
        make_label(cast.workspace, str(number))
        with django_assert_max_num_queries(5):
            assert client.get(LABEL).data["count"] == number + 2
