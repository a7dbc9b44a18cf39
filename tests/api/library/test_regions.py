"""Draw, read, change and delete objects, which the program calls regions."""

from typing import Any

import pytest

from accounts.models import Change
from dashboard.models import Label, Region
from dashboard.services.library.groups import add_regions
from tests.api.calls import GROUP, IMAGE, LABEL, NOBODYS, OBJECT, check_refusals, in_workspace
from tests.factories import (
    Cast,
    api_client,
    make_group,
    make_image,
    make_label,
    make_region,
    make_type,
)


def body_of(cast: Cast, **fields: Any) -> dict[str, Any]:
    """Return what draws a box on a new image of 64 × 48 pixels."""
    return {
        "image": str(make_image(cast.workspace).id) if "image" not in fields else "",
        "detection_label": str(Label.objects.get(workspace=cast.workspace, name="object").id),
        "data": [1, 2, 30, 40],
    } | fields


def test_it_works(cast: Cast) -> None:
    client, image, label = (
        api_client(cast.bob),
        make_image(cast.workspace),
        make_label(cast.workspace),
    )
    body = {
        "image": str(image.id),
        "detection_label": str(label.id),
        "data": [0, 0, 64, 48],
        "meta_data": {"side": "left"},
    }
    created = client.post(OBJECT, body)
    assert created.status_code == 201
    region = created.json()
    assert region | {"id": "", "created": "", "modified": ""} == {
        "id": "",
        "image": client.get(f"{IMAGE}{image.id}").json(),
        "detection_label": {"id": str(label.id), "name": "Heel", "color": "#206bc4"},
        "data": [0, 0, 64, 48],
        "meta_data": {"side": "left"},
        "recognition_labels": [],
        "workspace": str(cast.workspace.id),
        "created": "",
        "modified": "",
    }
    assert client.get(f"{OBJECT}{region['id']}/").json() == region
    assert client.get(OBJECT).json()["results"] == [region]
    assert client.delete(f"{OBJECT}{region['id']}").status_code == 204
    assert client.get(f"{OBJECT}{region['id']}").status_code == 404
    assert client.get(f"{IMAGE}{image.id}").status_code == 200
    verbs = Change.objects.filter(noun="object").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["created", "deleted"]


def test_a_form_repeats_the_four_numbers(cast: Cast) -> None:
    body = body_of(cast, data=["1", "2", "3", "4"], meta_data='{"a": 1}')
    created = api_client(cast.bob).post(OBJECT, body, format="multipart")
    assert (created.status_code, created.data["data"]) == (201, [1, 2, 3, 4])
    assert created.data["meta_data"] == {"a": 1}


@pytest.mark.parametrize("method", ["put", "patch"])
def test_change_what_is_given(cast: Cast, method: str) -> None:
    image, label = make_image(cast.workspace), make_label(cast.workspace)
    region = make_region(image, meta_data={"a": 1})
    change = getattr(api_client(cast.bob), method)
    one = f"{OBJECT}{region.id}"
    assert change(one, {"data": [1, 2, 3, 4]}).json()["meta_data"] == {"a": 1}
    assert change(one, {"meta_data": {"b": 2}}).json()["data"] == [1, 2, 3, 4]
    assert change(one, {"meta_data": None}).json()["meta_data"] == {}
    assert (
        change(one, {"detection_label": str(label.id)}).json()["detection_label"]["name"] == "Heel"
    )
    # As the official client changes a label: the image is the object that it got.
    whole = api_client(cast.bob).get(one).json()
    other = str(region.label_id)
    changed = change(one, {"detection_label": other, "image": whole["image"], "data": [0, 0, 9, 9]})
    assert changed.status_code == 200
    assert (changed.json()["detection_label"]["name"], changed.json()["data"]) == (
        "object",
        [0, 0, 9, 9],
    )
    assert change(one, {"detection_label": whole["detection_label"]}).status_code == 200
    changes = Change.objects.filter(noun="object", verb="changed").count()
    assert change(one, {}).status_code == 200
    assert Change.objects.filter(noun="object", verb="changed").count() == changes


def test_another_image_must_hold_the_box(cast: Cast) -> None:
    region = make_region(make_image(cast.workspace))
    smaller = make_image(cast.workspace, 1)
    type(smaller).objects.filter(pk=smaller.pk).update(width=4, height=4)
    client, one = api_client(cast.bob), f"{OBJECT}{region.id}"
    answer = client.patch(one, {"image": str(smaller.id)})
    assert (answer.status_code, list(answer.data)) == (400, ["detail"])
    moved = client.patch(one, {"image": str(smaller.id), "data": [0, 0, 4, 4]}).json()
    assert (moved["image"]["id"], moved["data"]) == (str(smaller.id), [0, 0, 4, 4])


def test_an_object_as_it_was_answered_in_a_form(cast: Cast) -> None:
    image = make_image(cast.workspace)
    body = body_of(cast, image=f'{{"id": "{image.id}"}}')
    assert api_client(cast.bob).post(OBJECT, body, format="multipart").status_code == 201


def test_filters(cast: Cast) -> None:
    label = make_label(cast.workspace)
    here, there = make_image(cast.workspace, 1), make_image(cast.workspace, 2)
    plain, heel = make_region(here), make_region(there, label=label)
    group = make_group(make_type(cast.workspace))
    add_regions(group=group, ids=[heel.id], actor=cast.bob)
    theirs = make_region(make_image(cast.elsewhere, 3))
    client = api_client(cast.vera)
    for query, expected in (
        ("", [heel, plain]),
        (f"image={here.id}", [plain]),
        (f"image={theirs.image_id}", []),
        (f"detection_label={label.id}", [heel]),
        (f"object_detection_label={label.id}", [heel]),
        (f"detection_label={theirs.label_id}", []),
        (f"group={group.id}", [heel]),
        (f"group={NOBODYS}", []),
        (f"image={there.id}&detection_label={label.id}&unknown=1", [heel]),
        (f"image={here.id}&detection_label={label.id}", []),
        (f"object_labels={NOBODYS}", []),
        ("search=HEEL", [heel]),
        ("ordering=created", [plain, heel]),
        ("image=", [heel, plain]),
    ):
        answer = client.get(f"{OBJECT}?{query}").json()
        assert [row["id"] for row in answer["results"]] == [str(row.id) for row in expected], query
        assert answer["count"] == len(expected)
    for name in ("image", "detection_label", "object_detection_label", "group", "object_labels"):
        answer = client.get(f"{OBJECT}?{name}=x")
        assert (answer.status_code, list(answer.data)) == (400, [name])


def test_images_with_a_label(cast: Cast) -> None:
    label = make_label(cast.workspace)
    image = make_image(cast.workspace, 1)
    make_image(cast.workspace, 2)
    for _ in range(2):
        make_region(image, label=label)
    theirs = make_region(make_image(cast.elsewhere, 3))
    client = api_client(cast.vera)
    for query, expected in (
        (f"detection_labels={label.id}", [str(image.id)]),
        (f"detection_labels={label.id}&test=true", []),
        (f"detection_labels={NOBODYS}", []),
        (f"detection_labels={theirs.label_id}", []),
        (f"labels={NOBODYS}", []),
    ):
        answer = client.get(f"{IMAGE}?{query}").json()
        assert [row["id"] for row in answer["results"]] == expected
        assert answer["count"] == len(expected)
    assert client.get(f"{IMAGE}?detection_labels=x").status_code == 400


def test_a_deleted_image_takes_its_objects_along(cast: Cast) -> None:
    image = make_image(cast.workspace)
    region = make_region(image)
    group = make_group(make_type(cast.workspace))
    add_regions(group=group, ids=[region.id], actor=cast.bob)
    client = api_client(cast.bob)
    assert client.delete(f"{IMAGE}{image.id}").status_code == 204
    assert client.get(f"{OBJECT}{region.id}").status_code == 404
    assert client.get(OBJECT).data["count"] == 0
    shown = client.get(f"{GROUP}{group.id}").json()
    assert (shown["detection_objects"], shown["objects_count"]) == ([], 0)
    assert make_image(cast.workspace).id == image.id
    assert client.get(OBJECT).data["count"] == 0


# Refusals


def test_who_may(cast: Cast) -> None:
    one = f"{OBJECT}{make_region(make_image(cast.workspace)).id}/"
    check_refusals(cast, "get", in_workspace(cast, OBJECT), writes=False)
    check_refusals(cast, "post", in_workspace(cast, OBJECT), {"data": [0, 0, 1, 1]})
    check_refusals(cast, "get", one, writes=False)
    for method in ("put", "patch", "delete"):
        check_refusals(cast, method, one, {"data": [0, 0, 1, 1]})


BIG = 10**200


@pytest.mark.parametrize(
    ("box", "field"),
    [
        ([0, 0, 0, 8], "detail"),
        ([0, 0, 8, 0], "detail"),
        ([8, 8, 0, 0], "detail"),
        ([-1, 0, 8, 8], "detail"),
        ([0, -1, 8, 8], "detail"),
        ([0, 0, 65, 8], "detail"),
        ([0, 0, 8, 49], "detail"),
        ([0, 0, 1 << 62, 8], "detail"),
        ([0, 0, str(BIG), 8], "detail"),
        ([], "data"),
        ([0, 0, 8], "data"),
        ([0, 0, 8, 8, 8], "data"),
        ([0, 0, 8.5, 8], "data"),
        ([0, 0, "x", 8], "data"),
        ([0, 0, None, 8], "data"),
        ([0, 0, True, 8], "data"),
        ([[0], 0, 8, 8], "data"),
        ({"0": 1}, "data"),
        ("0,0,8,8", "data"),
        (None, "data"),
    ],
)
def test_a_bad_box(cast: Cast, box: Any, field: str) -> None:
    region = make_region(make_image(cast.workspace, 1))
    client = api_client(cast.bob)
    created = client.post(OBJECT, body_of(cast, data=box))
    changed = client.patch(f"{OBJECT}{region.id}", {"data": box})
    for answer in (created, changed):
        assert (answer.status_code, list(answer.json())) == (400, [field])
        reason = answer.json()[field]
        assert isinstance(reason if field == "detail" else reason[0], str)
    assert Region.objects.get().right == 8


@pytest.mark.parametrize("field", ["image", "detection_label"])
@pytest.mark.parametrize(
    "value", [NOBODYS, "x", "", None, 5, [], {}, {"id": None}, {"id": "x"}, "{", '{"id": 1}']
)
def test_a_bad_reference(cast: Cast, field: str, value: Any) -> None:
    client, region = api_client(cast.bob), make_region(make_image(cast.workspace, 1))
    created = client.post(OBJECT, body_of(cast) | {field: value})
    changed = client.put(f"{OBJECT}{region.id}", {field: value})
    for answer in (created, changed):
        assert (answer.status_code, list(answer.json())) == (400, [field])
        assert isinstance(answer.json()[field][0], str)
    assert Region.objects.count() == 1


@pytest.mark.parametrize("field", ["image", "detection_label", "data"])
def test_a_missing_field(cast: Cast, field: str) -> None:
    body = body_of(cast)
    del body[field]
    answer = api_client(cast.bob).post(OBJECT, body)
    assert (answer.status_code, list(answer.data)) == (400, [field])


def test_things_of_another_workspace(cast: Cast) -> None:
    theirs = make_region(make_image(cast.elsewhere, 1))
    client, body = api_client(cast.bob), body_of(cast)
    for field, value in (("image", theirs.image_id), ("detection_label", theirs.label_id)):
        answer = client.post(OBJECT, body | {field: str(value)})
        assert (answer.status_code, list(answer.data)) == (400, [field])
    group = make_group(make_type(cast.workspace))
    answer = client.post(f"{GROUP}{group.id}/add-objects", {"objects": [str(theirs.id)]})
    assert answer.status_code == 400
    assert str(theirs.id) in answer.data["detail"]
    assert client.get(f"{LABEL}{theirs.label_id}").status_code == 404


def test_queries_are_as_many_for_many_as_for_few(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    client = api_client(cast.vera)
    client.get(OBJECT)  # remembers that the key was used
    for number in range(5):
        make_region(make_image(cast.workspace, number), label=make_label(cast.workspace))
        with django_assert_max_num_queries(5):
            assert len(client.get(OBJECT).data["results"]) == number + 1
