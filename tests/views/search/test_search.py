"""Search: with a picture, an address, or an image of the workspace; and what is alike to one."""

import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from dashboard.files.errors import ForbiddenAddress
from dashboard.files.fetch.fetch import fetch_image
from dashboard.files.store import storage
from dashboard.jobs.runner import run_job
from dashboard.models import Image, Job, Upload, Version
from dashboard.queries.training.versions import find_default
from dashboard.services.doctor.doctor import examine
from dashboard.services.library.groups import add_images
from dashboard.services.library.images import delete_images
from dashboard.services.search import kept_queries
from dashboard.services.search.kept_queries import forget_queries
from dashboard.services.training.describing import start_describing
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from dashboard.services.workspaces.workspaces import close_workspace
from dashboard.views.search import search
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
    for part in ('enctype="multipart/form-data"', "Untrained embedding", "Find similar images"):
        assert part in page


def test_a_viewer_may_search(vera_client: Client, images: list[Image]) -> None:
    assert vera_client.get("/search/").status_code == 200
    assert vera_client.post("/search/", {"file": jpeg()}, follow=True).status_code == 200


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
    answer = bob_client.post("/search/", {"file": jpeg(3), "k": "12"}, follow=True)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert results(answer)[0] == "3.jpg"
    assert len(results(answer)) == 6
    assert "100 %" in page
    assert 'src="data:image/jpeg;base64,' in page
    assert "query.jpg" in page
    assert "by the untrained embedding" in page
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
    answer = bob_client.post("/search/", {"url": URL, "file": ""}, follow=True)
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
    bob_client.post("/search/", {"file": jpeg(), "k": count}, headers=HTMX)
    bob_client.post("/search/", {"file": jpeg()}, headers=HTMX)
    assert asked == [count, 24]


def test_a_trained_version_works(bob_client: Client, version: Version) -> None:
    answer = bob_client.post("/search/", {"file": jpeg(3), "version": version.pk}, follow=True)
    assert results(answer)[0] == "3.jpg"
    page = answer.content.decode()
    assert "Shoes version 1" in page
    assert f"&quot;task_id&quot;: &quot;{version.task_id}&quot;" in page
    assert f"version={version.pk}" in answer.context["hits"][0].search_url
    untrained = bob_client.post("/search/", {"file": jpeg(3), "version": ""}, follow=True)
    assert "by the untrained embedding" in untrained.content.decode()
    assert "task_id" not in untrained.context["query"].curl


def test_strangers_do_not_find_each_others_images(
    charlie_client: Client, images: list[Image]
) -> None:
    answer = charlie_client.post("/search/", {"file": jpeg(3)}, follow=True)
    assert results(answer) == []
    assert "No results yet" in answer.content.decode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Choose an image, paste one, or enter its URL."),
        ({"file": "words"}, "Choose an image, paste one, or enter its URL."),
        ({"file": "JPEG", "url": URL}, "Choose a file or enter a URL, not both."),
        ({"file": "EMPTY"}, "This file is empty."),
        ({"file": "TEXT"}, "This is not a supported image."),
        ({"url": "ftp://shop.example/shoe.jpg"}, "Only URLs with http:// or https://"),
        ({"url": "http://127.0.0.1/shoe.jpg"}, "itself, or ask your administrator"),
        ({"url": "shoe.jpg"}, "Only URLs with http:// or https:// are opened."),
        ({"file": "JPEG", "k": "1000000"}, "Choose 12, 24 or 48 results."),
        ({"file": "JPEG", "version": "nonsense"}, "nonsense"),
        ({"image": "b7b6d5a5-4d8c-4a4e-9d5c-0e5f3c6e8a11"}, "This image was deleted."),
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
    assert "the limit is 100 bytes" in answer.content.decode()


def test_a_version_of_elsewhere_is_not_there(charlie_client: Client, version: Version) -> None:
    answer = charlie_client.post("/search/", {"file": jpeg(), "version": version.pk})
    assert answer.status_code == 422
    assert "This version was deleted" in answer.content.decode()


def test_addresses_are_fetched_with_the_guard() -> None:
    assert search.fetch_image is fetch_image
    with pytest.raises(ForbiddenAddress):
        fetch_image("http://169.254.169.254/latest/")


def test_searching_needs_few_queries(
    bob_client: Client, images: list[Image], django_assert_max_num_queries: Queries
) -> None:
    address = bob_client.post("/search/", {"file": jpeg()})["Location"]
    bob_client.get(address)
    with django_assert_max_num_queries(11):
        bob_client.post("/search/", {"file": jpeg(1)}, headers=HTMX)
    for url in (address, f"/search/?image={images[0].pk}&version="):
        with django_assert_max_num_queries(11):
            assert bob_client.get(url).status_code == 200


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
    again = bob_client.post("/search/", {"image": images[0].pk, "k": 24}, follow=True)
    assert results(again) == results(answer)


def test_a_new_picture_goes_before_the_image(bob_client: Client, images: list[Image]) -> None:
    answer = bob_client.post("/search/", {"image": images[0].pk, "file": jpeg(4)}, follow=True)
    assert results(answer)[0] == "4.jpg"


def test_an_image_is_not_there_for_a_stranger(charlie_client: Client, images: list[Image]) -> None:
    assert charlie_client.get(f"/search/?image={images[0].pk}").status_code == 404


@pytest.mark.parametrize("query", ["image=x", "image=", "image=\0"])
def test_a_damaged_address_says_so(bob_client: Client, query: str) -> None:
    answer = bob_client.get(f"/search/?{query}")
    assert answer.status_code == 404
    assert "Open the first page of the list" in answer.content.decode()


def test_a_deleted_image_is_gone(bob_client: Client, cast: Cast, images: list[Image]) -> None:
    delete_images(workspace=cast.workspace, ids=[images[0].pk], actor=cast.bob)
    assert bob_client.get(f"/search/?image={images[0].pk}").status_code == 404
    assert "0.jpg" not in results(bob_client.post("/search/", {"file": jpeg(0)}, follow=True))


# Results have an address


def test_results_of_a_picture_have_an_address(bob_client: Client, images: list[Image]) -> None:
    data = {"file": jpeg(3), "version": "", "k": "12"}
    answer = bob_client.post("/search/", data)
    address = answer["Location"]
    assert (answer.status_code, address[:17]) == (303, "/search/?picture=")
    assert address.endswith("&version=&k=12")
    for _ in range(2):
        seen = bob_client.get(address)
        assert seen.status_code == 200
        assert results(seen)[0] == "3.jpg"
        assert "query.jpg" in seen.content.decode()
    data["file"] = jpeg(3)
    by_htmx = bob_client.post("/search/", data, headers=HTMX)
    assert by_htmx.status_code == 200
    assert results(by_htmx) == results(seen)
    assert results(bob_client.get(by_htmx["HX-Push-Url"])) == results(seen)


def test_the_address_keeps_what_was_asked(bob_client: Client, version: Version) -> None:
    """And the form goes on from it: other results of the same picture."""
    data = {"file": jpeg(3), "version": version.pk, "k": "48"}
    page = bob_client.post("/search/", data, follow=True).content.decode()
    assert f'<option value="{version.pk}" selected>' in page
    assert '<option value="48" selected>' in page
    kept = re.search(r'name="picture" value="([^"]+)"', page)
    assert kept is not None
    asked = {"picture": kept[1], "version": "", "k": "12"}
    again = bob_client.post("/search/", asked, headers=HTMX)
    assert results(again)[0] == "3.jpg"
    assert again["HX-Push-Url"].endswith("&version=&k=12")


def test_a_search_with_an_image_has_an_address(bob_client: Client, images: list[Image]) -> None:
    data = {"image": images[0].pk, "version": "", "k": "12"}
    wanted = f"/search/?image={images[0].pk}&version=&k=12"
    assert bob_client.post("/search/", data)["Location"] == wanted
    assert bob_client.post("/search/", data, headers=HTMX)["HX-Push-Url"] == wanted


def test_what_is_no_picture_is_not_kept(bob_client: Client) -> None:
    bob_client.post("/search/", {"file": SimpleUploadedFile("a.jpg", b"hello")})
    assert [*storage.entries("queries")] == []


def test_a_picture_is_kept_for_an_hour(
    bob_client: Client, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = bob_client.post("/search/", {"file": jpeg(3)})["Location"]
    assert forget_queries() == 0
    assert bob_client.get(address).status_code == 200
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    gone = bob_client.get(address)
    assert gone.status_code == 404
    assert "the URL of a result works for one hour" in gone.content.decode()
    assert forget_queries() == 1
    monkeypatch.undo()
    assert bob_client.get(address).status_code == 404
    kept = address.split("picture=")[1].split("&")[0]
    by_htmx = bob_client.post("/search/", {"picture": unquote(kept)}, headers=HTMX)
    assert (by_htmx.status_code, "no longer kept" in by_htmx.content.decode()) == (422, True)


@pytest.mark.parametrize("name", ["nonsense", "..", "a:b:c", "x" * 400])
def test_a_forged_name_finds_nothing(bob_client: Client, name: str) -> None:
    assert bob_client.get("/search/", {"picture": name}).status_code == 404


def test_a_stranger_does_not_find_the_picture(
    bob_client: Client, charlie_client: Client, vera_client: Client, images: list[Image]
) -> None:
    """Not even one who has the same file kept in a workspace of their own."""
    address = bob_client.post("/search/", {"file": jpeg(3)})["Location"]
    charlie_client.post("/search/", {"file": jpeg(3)})
    assert charlie_client.get(address).status_code == 404
    assert vera_client.get(address).status_code == 200


def test_pictures_of_a_workspace_make_room_for_each_other(
    bob_client: Client, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_queries, "MOST_BYTES", 2 * len(drawn_jpeg(1)) + 200)
    for seed in range(4):
        for _ in range(2):
            address = bob_client.post("/search/", {"file": jpeg(seed)})["Location"]
    assert 1 <= len([*storage.entries("queries")]) <= 2
    assert bob_client.get(address).status_code == 200


def test_a_full_disk_keeps_nothing_and_searches(
    bob_client: Client, images: list[Image], settings: Settings
) -> None:
    settings.LIKEWISE_RESERVE_DISK = 1 << 60
    for headers in ({}, HTMX):
        answer = bob_client.post("/search/", {"file": jpeg(3)}, headers=headers)
        assert answer.status_code == 200
        assert results(answer)[0] == "3.jpg"
        assert "HX-Push-Url" not in answer


def test_closing_a_workspace_takes_the_pictures_along(
    bob_client: Client, cast: Cast, images: list[Image]
) -> None:
    bob_client.post("/search/", {"file": jpeg(3)})
    assert [*storage.entries("queries")] != []
    job = close_workspace(workspace=cast.workspace, actor=cast.alice)
    run_job(str(job.pk))
    assert [*storage.entries("queries")] == []


def test_the_doctor_knows_the_pictures(
    bob_client: Client, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    bob_client.post("/search/", {"file": jpeg(3)})
    assert [one for one in examine(mend=True, older_than=0) if one.noun in ("file", "query")] == []
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    (found,) = [one for one in examine(mend=True) if one.noun in ("file", "query")]
    assert found.mended
    assert [*storage.entries("queries")] == []


# What the results say, and what is done with them


def test_tiles_name_their_groups(bob_client: Client, cast: Cast, images: list[Image]) -> None:
    kind = make_type(cast.workspace)
    for name in ("phone", "red", "small", "wet"):
        add_images(group=make_group(kind, name), ids=[images[1].pk], actor=cast.bob)
    add_images(group=make_group(kind, "case"), ids=[images[2].pk], actor=cast.bob)
    answer = bob_client.get(f"/search/?image={images[0].pk}&version=")
    said = {hit.tile["name"]: hit.groups for hit in answer.context["hits"]}
    assert said["1.jpg"] == "phone, red and 2 more"
    assert said["2.jpg"] == "case"
    assert said["3.jpg"] == ""
    assert "<span>phone, red and 2 more</span>" in answer.content.decode()


def test_results_go_into_a_group(
    bob_client: Client, vera_client: Client, cast: Cast, images: list[Image]
) -> None:
    kind = make_type(cast.workspace)
    address = f"/search/?image={images[0].pk}&version=&k=12"
    page = bob_client.get(address).content.decode()
    assert page.count('name="ids"') == 5
    assert f'name="back" value="{address.replace("&", "&amp;")}"' in page
    assert 'name="ids"' not in vera_client.get(address).content.decode()
    ids = [image.pk for image in images[1:3]]
    data = {"ids": ids, "similarity_type": kind.pk, "name": "phone", "back": address}
    assert bob_client.post("/images/group", data)["Location"] == address


# Images that nobody looked at


def test_new_images_are_told_of(bob_client: Client, vera_client: Client, cast: Cast) -> None:
    make_image(cast.workspace)
    page = bob_client.get("/search/").content.decode()
    assert "Some images are not indexed yet" in page
    assert 'action="/search/describe"' in page
    page = vera_client.get("/search/").content.decode()
    assert "An editor of this workspace can start indexing" in page
    assert "Index them now" not in page


def test_nothing_is_told_when_all_are_found(bob_client: Client, images: list[Image]) -> None:
    assert "not indexed yet" not in bob_client.get("/search/").content.decode()


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
    assert "All images are indexed" in bob_client.get("/search/").content.decode()
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
    assert "No other image is indexed yet" in answer.content.decode()


def test_the_strip_needs_few_queries(
    bob_client: Client, images: list[Image], django_assert_max_num_queries: Queries
) -> None:
    bob_client.get(f"/images/{images[0].pk}/alike", headers=HTMX)
    with django_assert_max_num_queries(10):
        bob_client.get(f"/images/{images[0].pk}/alike", headers=HTMX)
