"""Mark many groups or images at once."""

import uuid
from typing import Any

import pytest

from accounts.models import Change
from tests.api.calls import GROUP, IMAGE, NOBODYS, check_refusals, in_workspace
from tests.factories import Cast, api_client, make_group, make_image, make_type

ADDRESSES = {"groups": f"{GROUP}update", "images": f"{IMAGE}update"}
each = pytest.mark.parametrize("field", ADDRESSES)


def things(field: str, workspace: Any, number: int = 2) -> list[Any]:
    if field == "images":
        return [make_image(workspace, seed) for seed in range(number)]
    kind = make_type(workspace)
    return [make_group(kind, str(at)) for at in range(number)]


def marks(field: str, rows: list[Any]) -> list[bool]:
    for row in rows:
        row.refresh_from_db()
    return [row.test_image if field == "images" else row.test_group for row in rows]


@each
@pytest.mark.parametrize("form", ["json", "multipart"])
def test_it_works(cast: Cast, field: str, form: str) -> None:
    rows = things(field, cast.workspace, 3)
    client, ids = api_client(cast.bob), [str(row.pk) for row in rows[:2]]
    answer = client.post(ADDRESSES[field], {field: ids, "mark-test": True}, format=form)
    assert (answer.status_code, answer.json()) == (200, {"updated": 2})
    assert marks(field, rows) == [True, True, False]
    body = {field: ids[:1] * 2, "unmark-test": True, "mark-test": False}
    assert client.post(f"{ADDRESSES[field]}/", body, format=form).json() == {"updated": 1}
    assert marks(field, rows) == [False, True, False]
    told = Change.objects.filter(noun=field[:-1], count=2)
    assert told.count() == 1


def test_the_alias(cast: Cast) -> None:
    rows = things("groups", cast.workspace)
    body = {"groups": [str(rows[0].pk)], "mark-test": True}
    assert api_client(cast.bob).post("/recognition/v2/group/update", body).data == {"updated": 1}


def test_real_images(cast: Cast) -> None:
    rows = things("images", cast.workspace)
    body = {"images": [str(row.pk) for row in rows], "unmark-real": True, "mark-test": "True"}
    client = api_client(cast.bob)
    assert client.post(ADDRESSES["images"], body).json() == {"updated": 2}
    assert marks("images", rows) == [True, True]
    assert [row.real for row in rows] == [False, False]
    body = {"images": [str(rows[0].pk)], "mark-real": True}
    assert client.post(ADDRESSES["images"], body).json() == {"updated": 1}
    assert client.get(f"{IMAGE}?real=true").data["count"] == 1
    assert client.get(f"{IMAGE}?test=true").data["count"] == 2


def test_as_the_client_sends_it(cast: Cast) -> None:
    (image,) = things("images", cast.workspace, 1)
    body = {
        "images": [str(image.pk)],
        "labels": [],
        "labels-add": [],
        "labels-remove": [],
        "mark-test": True,
        "workspace": "Default",
    }
    assert api_client(cast.bob).post(ADDRESSES["images"], body).json() == {"updated": 1}


@each
def test_none_at_all(cast: Cast, field: str) -> None:
    answer = api_client(cast.bob).post(ADDRESSES[field], {field: [], "mark-test": True})
    assert answer.json() == {"updated": 0}


# Refusals


@each
def test_who_may(cast: Cast, field: str) -> None:
    body = {field: [], "mark-test": True}
    check_refusals(cast, "post", in_workspace(cast, ADDRESSES[field]), body)


@pytest.mark.parametrize("name", ["labels", "labels-add", "labels-remove"])
def test_labels_are_no_part_of_this(cast: Cast, name: str) -> None:
    (image,) = things("images", cast.workspace, 1)
    body = {"images": [str(image.pk)], "mark-test": True, name: [NOBODYS]}
    answer = api_client(cast.bob).post(ADDRESSES["images"], body)
    assert (answer.status_code, list(answer.data)) == (404, ["detail"])
    assert marks("images", [image]) == [False]


@each
@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({}, "detail"),
        ({"mark-test": False}, "detail"),
        ({"mark-test": True, "unmark-test": True}, "mark-test"),
        ({"mark-test": "maybe"}, "mark-test"),
        ({"mark-test": None}, "mark-test"),
        ({"mark-test": True, "ids": None}, ""),
        ({"mark-test": True, "ids": ["x"]}, ""),
        ({"mark-test": True, "ids": [str(uuid.uuid4())] * 10_001}, ""),
        ({"mark-test": True, "ids": [NOBODYS]}, "detail"),
    ],
)
def test_bad_input(cast: Cast, field: str, body: dict[str, Any], key: str) -> None:
    rows = things(field, cast.workspace)
    wrong = body.get("ids", [])
    ids = [str(row.pk) for row in rows] + wrong if wrong is not None else None
    rest = {name: value for name, value in body.items() if name != "ids"}
    answer = api_client(cast.bob).post(ADDRESSES[field], {field: ids} | rest)
    assert (answer.status_code, list(answer.json())) == (400, [key or field])
    assert marks(field, rows) == [False, False]


@each
def test_theirs(cast: Cast, field: str) -> None:
    rows, theirs = things(field, cast.workspace, 1), things(field, cast.elsewhere, 1)
    body = {field: [str(row.pk) for row in (*rows, *theirs)], "mark-test": True}
    answer = api_client(cast.bob).post(ADDRESSES[field], body)
    assert answer.status_code == 400
    assert str(theirs[0].pk) in answer.data["detail"]
    assert marks(field, [*rows, *theirs]) == [False, False]
