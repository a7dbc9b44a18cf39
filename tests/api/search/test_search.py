"""Find the images of a workspace that look like a picture: what the search page does."""

import base64
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from dashboard.jobs.runner import run_job
from dashboard.models import Image
from dashboard.services.library.groups import add_images
from dashboard.services.training.describing import start_describing
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    drawn_jpeg,
    make_group,
    make_image,
    make_task,
    make_type,
    make_version,
)

SEARCH = "/similarity/training/v2/search"
Queries = Callable[..., Any]


def picture(seed: int) -> dict[str, str]:
    return {"_base64": base64.b64encode(drawn_jpeg(seed)).decode()}


@pytest.fixture
def images(cast: Cast) -> list[Image]:
    """Fifteen images that were looked at."""
    made = [make_image(cast.workspace, seed) for seed in range(15)]
    job = start_describing(workspace=cast.workspace, actor=cast.bob)
    assert job is not None
    run_job(str(job.id))
    return made


@pytest.fixture
def client(cast: Cast) -> ApiClient:
    return api_client(cast.vera)


def found(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["_id"] for one in answer.json()["answer_records"]]


def test_it_works(client: ApiClient, cast: Cast, images: list[Image]) -> None:
    kind = make_type(cast.workspace)
    for name in ("phone", "case"):
        add_images(group=make_group(kind, name), ids=[images[3].pk], actor=cast.bob)
    answer = client.post(SEARCH, {"query_record": picture(3), "k": 4})
    body = answer.json()
    first = body["answer_records"][0]
    assert (len(found(answer)), body["answer_count"]) == (4, 4)
    assert (first["_id"], first["name"], first["groups"]) == (
        str(images[3].pk),
        "3.jpg",
        ["case", "phone"],
    )
    assert first["_distance"] == pytest.approx(0, abs=0.001)
    distances = [one["_distance"] for one in body["answer_records"]]
    assert distances == sorted(distances)
    assert (body["task_id"], body["version"], body["status"]["code"]) == (None, None, 200)


def test_it_finds_what_the_page_finds(
    client: ApiClient, vera_client: Client, images: list[Image]
) -> None:
    page = vera_client.get(f"/search/?image={images[0].pk}&version=&k=12")
    seen = [str(hit.tile["id"]) for hit in page.context["hits"]]
    asked = {"query_record": {"_id": str(images[0].pk)}, "k": 12}
    assert found(client.post(SEARCH, asked)) == seen
    assert len(seen) == 12
    assert str(images[0].pk) not in seen


def test_as_many_as_the_page_shows_where_none_is_named(
    client: ApiClient, images: list[Image]
) -> None:
    assert len(found(client.post(SEARCH, {"query_record": picture(1)}))) == 15


def test_a_task_says_what_alike_means(client: ApiClient, cast: Cast, images: list[Image]) -> None:
    task = make_task(cast.workspace)
    asked = {"query_record": picture(1), "task_id": str(task.pk)}
    assert client.post(SEARCH, asked).status_code == 409, "not trained"
    make_version(task)
    assert client.post(SEARCH, asked | {"version": 7}).status_code == 404


def test_bad_input(client: ApiClient, cast: Cast, images: list[Image]) -> None:
    theirs = make_image(cast.elsewhere, 99)
    for record, sentence in (
        ({}, "neither _url nor _base64"),
        ({"_id": "nonsense"}, "No image of the workspace has this _id"),
        ({"_id": 7}, "No image of the workspace has this _id"),
        ({"_id": str(uuid.uuid4())}, "No image of the workspace has this _id"),
        ({"_id": str(theirs.pk)}, "No image of the workspace has this _id"),
        ({"_base64": "!"}, "not valid base64"),
    ):
        answer = client.post(SEARCH, {"query_record": record})
        assert answer.status_code == 400, record
        assert sentence in answer.content.decode()
    for k in (0, 201, "many"):
        answer = client.post(SEARCH, {"query_record": picture(1), "k": k})
        assert answer.status_code == 400
    assert client.post(SEARCH, {"k": 3}).status_code == 400


def test_an_address_is_fetched_with_the_guard(client: ApiClient, images: list[Image]) -> None:
    answer = client.post(SEARCH, {"query_record": {"_url": "http://169.254.169.254/latest/"}})
    assert answer.status_code == 403


def test_a_stranger_finds_nothing_of_it(cast: Cast, images: list[Image]) -> None:
    charlie = api_client(cast.charlie)
    asked = {"query_record": picture(1)}
    assert found(charlie.post(SEARCH, asked)) == []
    named = asked | {"workspace": str(cast.workspace.pk)}
    assert charlie.post(SEARCH, named).status_code == 404
    task = {"task_id": str(make_task(cast.workspace).pk)}
    assert charlie.post(SEARCH, asked | task).status_code == 404


def test_the_number_of_queries_is_fixed(
    client: ApiClient, images: list[Image], django_assert_max_num_queries: Queries
) -> None:
    client.post(SEARCH, {"query_record": picture(1)})
    for k in (2, 15):
        with django_assert_max_num_queries(9):
            client.post(SEARCH, {"query_record": picture(1), "k": k})
