"""See images: the grid with its filters, and one image with all that is known of it."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from dashboard.files.store import paths, storage
from dashboard.models import Image
from dashboard.queries import pages
from dashboard.services.library.groups import add_images
from dashboard.views.library.images import GROUPS_SHOWN, _consequences
from tests.factories import Cast, make_group, make_image, make_type

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}


def names(answer: Any) -> list[str]:
    return re.findall(r'<img src="/media/[^>]* alt="([^"]*)"', answer.content.decode())


def next_url(answer: Any) -> str:
    link = re.search(r'class="btn" href="(/images/[^"]*)"', answer.content.decode())
    return link[1].replace("&amp;", "&") if link else ""


@pytest.fixture
def image(cast: Cast) -> Image:
    return make_image(cast.workspace, file_name="shoe.jpg", meta_data={"colour": "röt"})


# The grid


def test_the_grid_works(bob_client: Client, cast: Cast, image: Image) -> None:
    make_image(cast.workspace, 1, file_name="hat.jpg")
    answer = bob_client.get("/images/")
    assert names(answer) == ["hat.jpg", "shoe.jpg"]
    tag = re.search(r"<img [^>]*shoe.jpg[^>]*>", answer.content.decode())
    assert tag
    for part in ('width="64"', 'height="48"', 'loading="lazy"', 'alt="shoe.jpg"'):
        assert part in tag[0]


def test_the_grid_of_a_stranger_is_empty(charlie_client: Client, image: Image) -> None:
    answer = charlie_client.get("/images/")
    assert names(answer) == []
    assert "No images yet" in answer.content.decode()


def test_a_viewer_is_offered_no_upload(vera_client: Client) -> None:
    assert "/uploads/new" not in vera_client.get("/images/").content.decode()


def test_the_grid_goes_on_where_the_page_ended(
    bob_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.page, "__defaults__", ("", 2))
    group = make_group(make_type(cast.workspace))
    made = [make_image(cast.workspace, seed, test_image=True) for seed in range(5)]
    add_images(group=group, ids=[row.pk for row in made], actor=cast.bob)
    for query in ("", f"?group={group.pk}", "?test=1"):
        seen, url = [], f"/images/{query}"
        while url:
            answer = bob_client.get(url, headers=HTMX)
            assert "<html" not in answer.content.decode()
            seen += names(answer)
            url = next_url(answer)
        assert seen == ["4.jpg", "3.jpg", "2.jpg", "1.jpg", "0.jpg"]


def test_only_test_images(bob_client: Client, cast: Cast, image: Image) -> None:
    make_image(cast.workspace, 1, test_image=True)
    assert names(bob_client.get("/images/?test=1")) == ["1.jpg"]


def test_only_what_is_in_no_group_of_a_type(bob_client: Client, cast: Cast, image: Image) -> None:
    same, other = make_type(cast.workspace), make_type(cast.workspace, "Same colour")
    for number, similarity_type in enumerate((same, other), 1):
        row = make_image(cast.workspace, number)
        add_images(group=make_group(similarity_type), ids=[row.pk], actor=cast.bob)
    assert names(bob_client.get(f"/images/?without_type={same.pk}")) == ["2.jpg", "shoe.jpg"]


def test_only_those_of_a_group(bob_client: Client, cast: Cast, image: Image) -> None:
    group = make_group(make_type(cast.workspace))
    add_images(group=group, ids=[image.pk], actor=cast.bob)
    make_image(cast.workspace, 1)
    answer = bob_client.get(f"/images/?group={group.pk}")
    assert names(answer) == ["shoe.jpg"]
    assert "In the group “Red shoe”" in answer.content.decode()


@pytest.mark.parametrize("query", ["cursor=nonsense", "group=x", "without_type=1"])
def test_a_damaged_address_says_so(bob_client: Client, query: str) -> None:
    answer = bob_client.get(f"/images/?{query}")
    assert answer.status_code == 404
    assert "Open the first page of the list" in answer.content.decode()


def test_a_filter_by_what_is_elsewhere_finds_nothing(charlie_client: Client, cast: Cast) -> None:
    similarity_type = make_type(cast.workspace)
    group = make_group(similarity_type)
    assert charlie_client.get(f"/images/?group={group.pk}").status_code == 404
    assert charlie_client.get(f"/images/?without_type={similarity_type.pk}").status_code == 404


@pytest.mark.parametrize("query", ["", "?test=1", "?group={}", "?without_type={}"])
def test_the_grid_needs_few_queries(
    bob_client: Client, cast: Cast, django_assert_max_num_queries: Queries, query: str
) -> None:
    similarity_type = make_type(cast.workspace)
    group = make_group(similarity_type)
    made = [make_image(cast.workspace, seed) for seed in range(12)]
    add_images(group=group, ids=[row.pk for row in made[:6]], actor=cast.bob)
    thing = group if "group" in query else similarity_type
    with django_assert_max_num_queries(7):
        assert bob_client.get("/images/" + query.format(thing.pk)).status_code == 200


# One image


def test_an_image_works(bob_client: Client, cast: Cast, image: Image) -> None:
    group = make_group(make_type(cast.workspace))
    add_images(group=group, ids=[image.pk], actor=cast.bob)
    page = bob_client.get(f"/images/{image.pk}").content.decode()
    for part in ("shoe.jpg", image.sha256, "Alice", "röt", f"/groups/{group.pk}"):
        assert part in page
    link = re.search(r'<img [^>]*src="(/media/[^"]+)"', page)
    assert link
    assert bob_client.get(link[1].replace("&amp;", "&")).getvalue()


def test_an_image_is_not_there_for_a_stranger(charlie_client: Client, image: Image) -> None:
    assert charlie_client.get(f"/images/{image.pk}").status_code == 404


def test_an_image_that_never_was_is_not_there(bob_client: Client) -> None:
    assert bob_client.get(f"/images/{uuid.uuid4()}").status_code == 404


def test_a_viewer_gets_no_buttons(vera_client: Client, image: Image) -> None:
    page = vera_client.get(f"/images/{image.pk}").content.decode()
    assert f"/images/{image.pk}/delete" not in page
    assert f"/images/{image.pk}/test" not in page


def test_what_an_uploader_sent_is_shown_as_text(bob_client: Client, cast: Cast) -> None:
    nasty = "<script>alert(1)</script>"
    row = make_image(cast.workspace, file_name=nasty, meta_data={"note": nasty})
    assert nasty not in bob_client.get(f"/images/{row.pk}").content.decode()
    assert nasty not in bob_client.get("/images/").content.decode()


def test_an_image_needs_few_queries(
    bob_client: Client, image: Image, django_assert_max_num_queries: Queries
) -> None:
    with django_assert_max_num_queries(7):
        bob_client.get(f"/images/{image.pk}")


# Its test mark


def test_marking_works_and_is_undone(bob_client: Client, image: Image) -> None:
    for value, expected in (("1", True), ("1", True), ("0", False)):
        answer = bob_client.post(f"/images/{image.pk}/test", {"test_image": value})
        assert (answer.status_code, answer["Location"]) == (303, f"/images/{image.pk}")
        image.refresh_from_db()
        assert image.test_image is expected


def test_marking_is_not_for_a_stranger(charlie_client: Client, image: Image) -> None:
    answer = charlie_client.post(f"/images/{image.pk}/test", {"test_image": "1"})
    assert answer.status_code == 404


def test_marking_is_not_for_a_viewer(vera_client: Client, image: Image) -> None:
    answer = vera_client.post(f"/images/{image.pk}/test", {"test_image": "1"})
    assert answer.status_code == 403
    image.refresh_from_db()
    assert image.test_image is False


@pytest.mark.parametrize("value", ["", "maybe"])
def test_a_broken_mark_is_told(bob_client: Client, image: Image, value: str) -> None:
    answer = bob_client.post(f"/images/{image.pk}/test", {"test_image": value}, follow=True)
    assert "Nothing was changed" in answer.content.decode()


# Away with it


def test_deleting_works(
    bob_client: Client,
    cast: Cast,
    image: Image,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = bob_client.post(f"/images/{image.pk}/delete")
    assert (answer.status_code, answer["Location"]) == (303, "/images/")
    assert "“shoe.jpg” was deleted." in bob_client.get("/images/").content.decode()
    assert bob_client.get(f"/images/{image.pk}").status_code == 404
    assert not storage.exists(paths.thumbnail(cast.workspace.pk, image.pk))


def test_deleting_is_not_for_a_stranger(charlie_client: Client, image: Image) -> None:
    assert charlie_client.post(f"/images/{image.pk}/delete").status_code == 404


def test_deleting_is_not_for_a_viewer(vera_client: Client, image: Image) -> None:
    assert vera_client.post(f"/images/{image.pk}/delete").status_code == 403
    image.refresh_from_db()
    assert image.deleted is None


def test_deleting_twice_is_told(bob_client: Client, image: Image) -> None:
    bob_client.post(f"/images/{image.pk}/delete")
    assert bob_client.post(f"/images/{image.pk}/delete").status_code == 404


@pytest.mark.parametrize(
    ("groups", "words"),
    [(0, "in no group"), (1, "its group,"), (7, "its 7 groups"), (GROUPS_SHOWN + 1, "more than")],
)
def test_the_consequences_are_told_before(groups: int, words: str) -> None:
    assert words in _consequences(groups)


def test_a_name_is_never_markup(bob_client: Client, cast: Cast) -> None:
    make_image(cast.workspace, seed=77, file_name='"><script>x</script>{id}.jpg')
    page = bob_client.get("/images/").text
    assert "<script>x" not in page
    assert page.count("&quot;&gt;&lt;script&gt;x&lt;/script&gt;{id}.jpg") == 3
