"""Search: with a picture, an address, or an image of the workspace; and what is alike to one."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from dashboard.files.errors import ForbiddenAddress
from dashboard.files.fetch import fetch_image
from dashboard.jobs.runner import run_job
from dashboard.models import Image, Job, Upload, Version
from dashboard.queries.versions import find_default
from dashboard.services.features import start_describing
from dashboard.services.groups import add_images
from dashboard.services.images import delete_images
from dashboard.services.tasks import add_type
from dashboard.services.training import start_training
from dashboard.views import search
from tests.factories import (
    Cast,
    drawn_jpeg,
    drawn_png,
    make_group,
    make_image,
    make_job,
    make_task,
    make_type,
    make_version,
)

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}
URL = "https://shop.example/shoe.jpg"


def jpeg(seed: int = 0) -> SimpleUploadedFile:
    return SimpleUploadedFile("query.jpg", drawn_jpeg(seed), "image/jpeg")


def results(answer: Any) -> list[str]:
    return [hit.tile["name"] for hit in answer.context["hits"]]


def look(cast: Cast) -> None:
    job = start_describing(workspace=cast.workspace, actor=cast.bob)
    assert job is not None
    run_job(str(job.id))


@pytest.fixture
def images(cast: Cast) -> list[Image]:
    """Six images that were looked at."""
    made = [make_image(cast.workspace, seed) for seed in range(6)]
    look(cast)
    return made


@pytest.fixture
def version(cast: Cast, images: list[Image]) -> Version:
    """A version that learned from them."""
    kind, task = make_type(cast.workspace), make_task(cast.workspace)
    for number in range(2):
        group = make_group(kind, f"Group {number}")
        ids = [image.id for image in images[3 * number : 3 * number + 3]]
        add_images(group=group, ids=ids, actor=cast.bob)
    add_type(task=task, similarity_type=kind, actor=cast.bob)
    made, job = start_training(task=task, actor=cast.bob)
    run_job(str(job.id))
    made.refresh_from_db()
    return made


# The page


def test_the_page_works(bob_client: Client) -> None:
    page = bob_client.get("/search/").content.decode()
    for part in ('enctype="multipart/form-data"', "Untrained descriptor", "What is alike?"):
        assert part in page


def test_a_viewer_may_search(vera_client: Client, images: list[Image]) -> None:
    assert vera_client.get("/search/").status_code == 200
    assert vera_client.post("/search/", {"file": jpeg()}).status_code == 200


def test_the_default_is_production_or_else_the_newest(bob_client: Client, cast: Cast) -> None:
    shoes, hats = make_task(cast.workspace), make_task(cast.workspace, "Hats")
    old, new = make_version(shoes), make_version(hats)
    make_version(hats, status=Version.Status.ERROR)
    assert find_default(cast.workspace) == new
    shoes.production_version = old
    shoes.save()
    assert find_default(cast.workspace) == old
    assert find_default(cast.elsewhere) is None
    page = bob_client.get("/search/").content.decode()
    assert f'<option value="{old.pk}" selected>Shoes version 1, in production</option>' in page
    assert f'<option value="{new.pk}">Hats version 1</option>' in page
    assert '<optgroup label="Hats">' in page


def test_the_page_needs_few_queries(
    bob_client: Client, cast: Cast, images: list[Image], django_assert_max_num_queries: Queries
) -> None:
    for number in range(5):
        make_version(make_task(cast.workspace, f"Task {number}"))
    make_image(cast.workspace, 9)
    with django_assert_max_num_queries(8):
        bob_client.get("/search/")


# With a picture


def test_a_file_works(bob_client: Client, cast: Cast, images: list[Image]) -> None:
    answer = bob_client.post("/search/", {"file": jpeg(3), "k": "12"})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert results(answer)[0] == "3.jpg"
    assert len(results(answer)) == 6
    assert "100 %" in page
    assert 'src="data:image/jpeg;base64,' in page
    assert "query.jpg" in page
    assert "by the untrained descriptor" in page
    first = answer.context["hits"][0]
    assert (first.rank, first.percent, first.tile["url"]) == (1, 100, f"/images/{images[3].pk}")
    assert first.search_url == f"/search/?image={images[3].pk}&version=&k=12"
    assert Image.objects.count() == 6
    assert not Upload.objects.exists()


def test_htmx_gets_the_results_alone(bob_client: Client, images: list[Image]) -> None:
    answer = bob_client.post("/search/", {"file": jpeg(3)}, headers=HTMX)
    assert answer.content.decode().strip().startswith('<section id="found"')
    assert "HX-Request" in answer["Vary"]


def test_an_address_works(
    bob_client: Client, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fetched(url: str) -> bytes:
        asked.append(url)
        return drawn_png(2)

    monkeypatch.setattr(search, "fetch_image", fetched)
    answer = bob_client.post("/search/", {"url": URL, "file": ""})
    assert asked == [URL]
    assert len(results(answer)) == 6


@pytest.mark.parametrize("count", [12, 24, 48])
def test_as_many_as_asked_for(
    bob_client: Client, images: list[Image], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    asked: list[int] = []

    def found(*, k: int, **_: Any) -> list[Any]:
        asked.append(k)
        return []

    monkeypatch.setattr(search, "search_by_picture", found)
    bob_client.post("/search/", {"file": jpeg(), "k": count})
    bob_client.post("/search/", {"file": jpeg()})
    assert asked == [count, 24]


def test_a_trained_version_works(bob_client: Client, version: Version) -> None:
    answer = bob_client.post("/search/", {"file": jpeg(3), "version": version.pk})
    assert results(answer)[0] == "3.jpg"
    page = answer.content.decode()
    assert "Shoes version 1" in page
    assert f"&quot;task_id&quot;: &quot;{version.task_id}&quot;" in page
    assert f"version={version.pk}" in answer.context["hits"][0].search_url
    untrained = bob_client.post("/search/", {"file": jpeg(3), "version": ""})
    assert "by the untrained descriptor" in untrained.content.decode()
    assert "Copy as curl" not in untrained.content.decode()


def test_strangers_do_not_find_each_others_images(
    charlie_client: Client, images: list[Image]
) -> None:
    answer = charlie_client.post("/search/", {"file": jpeg(3)})
    assert results(answer) == []
    assert "Nothing to find yet" in answer.content.decode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Choose a picture, paste one, or give its address."),
        ({"file": "words"}, "Choose a picture, paste one, or give its address."),
        ({"file": "JPEG", "url": URL}, "Choose a file or give an address, not both."),
        ({"file": "EMPTY"}, "This file is empty."),
        ({"file": "TEXT"}, "This is not an image that can be read here."),
        ({"url": "ftp://shop.example/shoe.jpg"}, "Only addresses with http:// or https://"),
        ({"url": "http://127.0.0.1/shoe.jpg"}, "Send the file itself, or ask the administrator"),
        ({"url": "shoe.jpg"}, "Only addresses with http:// or https:// are opened."),
        ({"file": "JPEG", "k": "1000000"}, "Choose 12, 24 or 48 results."),
        ({"file": "JPEG", "version": "nonsense"}, "nonsense"),
        ({"image": "b7b6d5a5-4d8c-4a4e-9d5c-0e5f3c6e8a11"}, "This image is no longer there."),
    ],
)
def test_what_cannot_be_searched_with_is_told(
    bob_client: Client, data: dict[str, Any], sentence: str
) -> None:
    content = {"JPEG": drawn_jpeg(), "EMPTY": b"", "TEXT": b"hello"}
    if (kind := data.get("file")) in content:
        data = data | {"file": SimpleUploadedFile("query.jpg", content[kind])}
    for headers in ({}, HTMX):
        if "file" in data and hasattr(data["file"], "seek"):
            data["file"].seek(0)
        answer = bob_client.post("/search/", data, headers=headers)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        assert 'role="alert"' in answer.content.decode()


def test_a_file_that_is_too_large_is_not_read(bob_client: Client, settings: Settings) -> None:
    settings.LIKEWISE_MAX_IMAGE = 100
    answer = bob_client.post("/search/", {"file": jpeg()})
    assert answer.status_code == 422
    assert "at most 100 bytes are accepted" in answer.content.decode()


def test_a_version_of_elsewhere_is_not_there(charlie_client: Client, version: Version) -> None:
    answer = charlie_client.post("/search/", {"file": jpeg(), "version": version.pk})
    assert answer.status_code == 422
    assert "This version is no longer there" in answer.content.decode()


def test_addresses_are_fetched_with_the_guard() -> None:
    assert search.fetch_image is fetch_image
    with pytest.raises(ForbiddenAddress):
        fetch_image("http://169.254.169.254/latest/")


def test_searching_needs_few_queries(
    bob_client: Client, images: list[Image], django_assert_max_num_queries: Queries
) -> None:
    bob_client.post("/search/", {"file": jpeg()})
    for headers in ({}, HTMX):
        with django_assert_max_num_queries(9):
            bob_client.post("/search/", {"file": jpeg(1)}, headers=headers)
    with django_assert_max_num_queries(9):
        bob_client.get(f"/search/?image={images[0].pk}&version=")


def test_results_ask_later_what_is_not_found(bob_client: Client, images: list[Image]) -> None:
    page = bob_client.get(f"/search/?image={images[0].pk}").content.decode()
    assert '<div id="unseen" hx-get="/search/" hx-trigger="load"' in page


# With an image of the workspace


def test_an_image_works(bob_client: Client, images: list[Image]) -> None:
    answer = bob_client.get(f"/search/?image={images[0].pk}&k=12")
    assert sorted(results(answer)) == ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"]
    page = answer.content.decode()
    assert f'<input type="hidden" name="image" value="{images[0].pk}"' in page
    assert f'href="/images/{images[0].pk}"' in page
    again = bob_client.post("/search/", {"image": images[0].pk, "k": 24})
    assert results(again) == results(answer)


def test_a_new_picture_goes_before_the_image(bob_client: Client, images: list[Image]) -> None:
    answer = bob_client.post("/search/", {"image": images[0].pk, "file": jpeg(4)})
    assert results(answer)[0] == "4.jpg"


def test_an_image_is_not_there_for_a_stranger(charlie_client: Client, images: list[Image]) -> None:
    assert charlie_client.get(f"/search/?image={images[0].pk}").status_code == 404


@pytest.mark.parametrize("query", ["image=x", "image=", "image=\0"])
def test_a_damaged_address_says_so(bob_client: Client, query: str) -> None:
    answer = bob_client.get(f"/search/?{query}")
    assert answer.status_code == 404
    assert "Open the list from its beginning" in answer.content.decode()


def test_a_deleted_image_is_gone(bob_client: Client, cast: Cast, images: list[Image]) -> None:
    delete_images(workspace=cast.workspace, ids=[images[0].pk], actor=cast.bob)
    assert bob_client.get(f"/search/?image={images[0].pk}").status_code == 404
    assert "0.jpg" not in results(bob_client.post("/search/", {"file": jpeg(0)}))


# Images that nobody looked at


def test_new_images_are_told_of(bob_client: Client, vera_client: Client, cast: Cast) -> None:
    make_image(cast.workspace)
    page = bob_client.get("/search/").content.decode()
    assert "Some images are not found yet" in page
    assert 'action="/search/describe"' in page
    page = vera_client.get("/search/").content.decode()
    assert "An editor of this workspace can start that" in page
    assert "Look at them now" not in page


def test_nothing_is_told_when_all_are_found(bob_client: Client, images: list[Image]) -> None:
    assert "not found yet" not in bob_client.get("/search/").content.decode()


def test_looking_works(bob_client: Client, cast: Cast) -> None:
    make_image(cast.workspace)
    answer = bob_client.post("/search/describe")
    assert (answer.status_code, answer["Location"]) == (303, "/search/")
    job = Job.objects.get(kind=Job.Kind.DESCRIBE)
    assert job.created_by == cast.bob
    page = bob_client.get("/search/").content.decode()
    assert f'href="/jobs/{job.pk}"' in page
    assert 'hx-trigger="job-finished from:body"' in page
    bob_client.post("/search/describe")
    assert "Nothing is left to look at" in bob_client.get("/search/").content.decode()
    assert Job.objects.count() == 1
    assert "Search" in bob_client.get(f"/jobs/{job.pk}").context["subject"].label


def test_once_the_job_is_over_nothing_is_told(bob_client: Client, cast: Cast) -> None:
    fields = {"kind": Job.Kind.DESCRIBE, "state": Job.State.DONE, "finished": timezone.now()}
    make_job(cast.workspace, **fields)
    answer = bob_client.get("/search/", headers=HTMX)
    assert re.fullmatch(r'<div id="unseen" >\s*</div>', answer.content.decode().strip())


def test_looking_is_not_for_a_viewer(vera_client: Client, cast: Cast) -> None:
    make_image(cast.workspace)
    assert vera_client.post("/search/describe").status_code == 403
    assert not Job.objects.exists()


# On the page of an image


def test_the_strip_works(bob_client: Client, images: list[Image]) -> None:
    page = bob_client.get(f"/images/{images[0].pk}").content.decode()
    assert f'href="/images/{images[0].pk}/alike"' in page
    answer = bob_client.get(f"/images/{images[0].pk}/alike", headers=HTMX)
    assert len(results(answer)) == 5
    assert '<ol class="strip"' in answer.content.decode()
    assert unescape(answer.content.decode()).count("/search/?image=") == 6


def test_without_htmx_it_is_a_search(vera_client: Client, images: list[Image]) -> None:
    answer = vera_client.get(f"/images/{images[0].pk}/alike")
    assert (answer.status_code, answer["Location"]) == (302, f"/search/?image={images[0].pk}")


def test_the_strip_is_not_there_for_a_stranger(charlie_client: Client, images: list[Image]) -> None:
    answer = charlie_client.get(f"/images/{images[0].pk}/alike", headers=HTMX)
    assert answer.status_code == 404


def test_the_strip_of_the_only_image(bob_client: Client, cast: Cast) -> None:
    only = make_image(cast.workspace)
    answer = bob_client.get(f"/images/{only.pk}/alike", headers=HTMX)
    assert "No other image was looked at yet" in answer.content.decode()


def test_the_strip_needs_few_queries(
    bob_client: Client, images: list[Image], django_assert_max_num_queries: Queries
) -> None:
    bob_client.get(f"/images/{images[0].pk}/alike", headers=HTMX)
    with django_assert_max_num_queries(9):
        bob_client.get(f"/images/{images[0].pk}/alike", headers=HTMX)
