"""Groups: list and search them, make one, see its images, take some out, keep it for testing."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from dashboard.models import Group, Image
from dashboard.queries import pages
from dashboard.services.library.groups import add_images
from dashboard.services.library.images import delete_images
from tests.factories import Cast, make_group, make_image, make_type

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def group(cast: Cast) -> Group:
    return make_group(make_type(cast.workspace), "Red shoe")


@pytest.fixture
def images(cast: Cast, group: Group) -> list[Image]:
    made = [make_image(cast.workspace, seed) for seed in range(3)]
    add_images(group=group, ids=[image.pk for image in made], actor=cast.bob)
    return made


def names(answer: Any) -> list[str]:
    return re.findall(r'<span class="fw-medium text-body">([^<]*)</span>', text(answer))


def shown(answer: Any) -> list[str]:
    return re.findall(r'alt="([^"]+)"', text(answer))


def text(answer: Any) -> str:
    body: str = answer.content.decode()
    return body


def told(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


# The list


def test_the_list_works(vera_client: Client, group: Group, images: list[Image]) -> None:
    answer = vera_client.get("/groups/")
    assert names(answer) == ["Red shoe"]
    assert "3 images" in text(answer)
    assert text(answer).count('<img src="/media/') == 3
    assert "New group" not in text(answer)


def test_the_list_of_a_stranger_is_empty(charlie_client: Client, group: Group) -> None:
    answer = charlie_client.get("/groups/")
    assert names(answer) == []
    assert "No groups yet" in text(answer)


def test_the_list_of_one_type(bob_client: Client, cast: Cast, group: Group) -> None:
    other = make_type(cast.workspace, "Same pattern")
    make_group(other, "Stripes")
    assert names(bob_client.get("/groups/")) == ["Stripes", "Red shoe"]
    assert names(bob_client.get(f"/groups/?type={other.pk}")) == ["Stripes"]


def test_a_search_by_name(bob_client: Client, cast: Cast, group: Group) -> None:
    make_group(group.similarity_type, "Blue hat")
    answer = bob_client.get("/groups/?search=SHOE", headers=HTMX)
    assert names(answer) == ["Red shoe"]
    assert text(answer).lstrip().startswith('<div id="found">')
    assert "search=SHOE" in text(answer), "the chips keep what is searched for"
    assert "No groups found" in text(bob_client.get("/groups/?search=%25"))


def test_a_type_of_elsewhere_is_no_filter(bob_client: Client, cast: Cast, group: Group) -> None:
    foreign = make_type(cast.elsewhere)
    for value in (foreign.pk, uuid.uuid4(), "nonsense"):
        answer = bob_client.get(f"/groups/?type={value}")
        assert answer.status_code == 404
        assert "its type was deleted" in text(answer)


def test_the_list_goes_on_with_its_filter(
    bob_client: Client, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.page, "__defaults__", ("", 2))
    for number in range(4):
        make_group(group.similarity_type, f"Shoe {number}")
    first = bob_client.get("/groups/?search=shoe")
    assert names(first) == ["Shoe 3", "Shoe 2"]
    query = {"search": "shoe", "cursor": first.context["next"]}
    second = bob_client.get("/groups/", query, headers=HTMX)
    assert names(second) == ["Shoe 1", "Shoe 0"]
    assert text(second).lstrip().startswith("<li")
    assert "search=shoe&amp;cursor=" in text(second)


def test_a_damaged_cursor_is_told(bob_client: Client, group: Group) -> None:
    for url in ("/groups/", reverse("group", args=[group.pk])):
        answer = bob_client.get(url, {"cursor": "nonsense"})
        assert answer.status_code == 404
        assert "Open the list again" in text(answer)


def test_the_list_asks_the_same_number_of_queries(
    bob_client: Client, cast: Cast, group: Group, django_assert_max_num_queries: Queries
) -> None:
    for number in range(12):
        made = make_group(group.similarity_type, f"Group {number}")
        add_images(group=made, ids=[make_image(cast.workspace, number).pk], actor=cast.bob)
    with django_assert_max_num_queries(9):
        bob_client.get(f"/groups/?type={group.similarity_type_id}")


# Make one


def test_making_one_works(bob_client: Client, cast: Cast) -> None:
    kind = make_type(cast.workspace)
    assert "selected" in text(bob_client.get(f"/groups/new?type={kind.pk}"))
    answer = bob_client.post("/groups/new", {"name": "Red shoe", "similarity_type": kind.pk})
    made = Group.objects.get()
    assert (made.name, made.similarity_type) == ("Red shoe", kind)
    assert answer.status_code == 303
    assert answer["Location"] == f"/groups/{made.pk}"


def test_a_group_needs_a_name_and_a_type_of_the_workspace(bob_client: Client, cast: Cast) -> None:
    kind, foreign = make_type(cast.workspace), make_type(cast.elsewhere)
    for wrong in (
        {"name": " ", "similarity_type": kind.pk},
        {"name": "Red shoe"},
        {"name": "Red shoe", "similarity_type": "nonsense"},
        {"name": "Red shoe", "similarity_type": foreign.pk},
    ):
        answer = bob_client.post("/groups/new", wrong)
        assert answer.status_code == 422
        assert "Nothing was saved." in text(answer)
    assert not Group.objects.exists()


def test_a_viewer_makes_none(vera_client: Client) -> None:
    assert vera_client.post("/groups/new", {"name": "Mine"}).status_code == 403


# One group


def test_its_page_works(bob_client: Client, group: Group, images: list[Image]) -> None:
    answer = bob_client.get(reverse("group", args=[group.pk]))
    assert shown(answer) == ["2.jpg", "1.jpg", "0.jpg"]
    for image in images:
        assert f'value="{image.pk}"' in text(answer)
        assert f'href="/images/{image.pk}"' in text(answer)


def test_its_page_is_not_there_for_a_stranger(charlie_client: Client, group: Group) -> None:
    assert charlie_client.get(reverse("group", args=[group.pk])).status_code == 404


def test_its_page_offers_a_viewer_no_forms(
    vera_client: Client, group: Group, images: list[Image]
) -> None:
    answer = text(vera_client.get(reverse("group", args=[group.pk])))
    assert 'type="checkbox"' not in answer
    assert "/change" not in answer
    assert "/remove" not in answer


def test_its_page_goes_on(
    bob_client: Client, group: Group, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.page, "__defaults__", ("", 2))
    url = reverse("group", args=[group.pk])
    first = bob_client.get(url)
    second = bob_client.get(url, {"cursor": first.context["next"]}, headers=HTMX)
    assert shown(second) == ["0.jpg"]
    assert "<html" not in text(second)


def test_its_page_asks_the_same_number_of_queries(
    bob_client: Client, group: Group, images: list[Image], django_assert_max_num_queries: Queries
) -> None:
    with django_assert_max_num_queries(6):
        bob_client.get(reverse("group", args=[group.pk]))


# Rename it


def test_renaming_works(bob_client: Client, group: Group) -> None:
    url = reverse("group-change", args=[group.pk])
    assert "Red shoe" in text(bob_client.get(url))
    answer = bob_client.post(url, {"name": "Red boot", "description": "Leather."})
    assert answer.status_code == 303
    group.refresh_from_db()
    assert (group.name, group.description) == ("Red boot", "Leather.")


def test_renaming_is_not_there_for_a_stranger(charlie_client: Client, group: Group) -> None:
    url = reverse("group-change", args=[group.pk])
    assert charlie_client.post(url, {"name": "Mine"}).status_code == 404


def test_a_viewer_renames_nothing(vera_client: Client, group: Group) -> None:
    url = reverse("group-change", args=[group.pk])
    assert vera_client.post(url, {"name": "Mine"}).status_code == 403


def test_an_empty_name_is_told(bob_client: Client, group: Group) -> None:
    answer = bob_client.post(reverse("group-change", args=[group.pk]), {"name": ""})
    assert answer.status_code == 422
    assert "This field is required" in text(answer)


# Keep it for testing


def test_the_test_mark_works(bob_client: Client, group: Group) -> None:
    url = reverse("group-test", args=[group.pk])
    for value, marked in (("1", True), ("1", True), ("0", False)):
        assert bob_client.post(url, {"test_group": value}).status_code == 303
        group.refresh_from_db()
        assert group.test_group is marked


def test_the_test_mark_is_not_there_for_a_stranger(charlie_client: Client, group: Group) -> None:
    url = reverse("group-test", args=[group.pk])
    assert charlie_client.post(url, {"test_group": "1"}).status_code == 404


def test_a_viewer_marks_nothing(vera_client: Client, group: Group) -> None:
    url = reverse("group-test", args=[group.pk])
    assert vera_client.post(url, {"test_group": "1"}).status_code == 403


def test_an_incomplete_mark_is_told(bob_client: Client, group: Group) -> None:
    for data in ({}, {"test_group": "yes"}):
        answer = bob_client.post(reverse("group-test", args=[group.pk]), data)
        assert "Nothing was changed" in told(answer)
    group.refresh_from_db()
    assert not group.test_group


# Take images out


def test_taking_out_works(bob_client: Client, group: Group, images: list[Image]) -> None:
    ids = [image.pk for image in images[:2]]
    address = reverse("group-remove-images", args=[group.pk])
    for headers in ({}, HTMX):
        asked = bob_client.post(address, {"ids": ids}, headers=headers)
        assert f"Remove 2 images from “{group}”?" in text(asked)
        assert text(asked).count('class="tile-picture"') == 2
        assert (asked.get("HX-Retarget") == "#ask") == bool(headers)
    again = bob_client.post(address, {"ids": ids, "again": "1"})
    assert text(again).count(" checked>") == 2
    assert group.image_rows.count() == 3
    answer = bob_client.post(address, {"ids": ids, "asked": "1"})
    assert answer.status_code == 303
    assert "2 images were removed from the group" in told(answer)
    group.refresh_from_db()
    assert group.images_count == 1
    assert [row.image_id for row in group.image_rows.all()] == [images[2].pk]
    assert Image.objects.filter(deleted=None).count() == 3


def test_taking_out_is_not_there_for_a_stranger(
    charlie_client: Client, group: Group, images: list[Image]
) -> None:
    url = reverse("group-remove-images", args=[group.pk])
    assert charlie_client.post(url, {"ids": [images[0].pk]}).status_code == 404


def test_a_viewer_takes_nothing_out(vera_client: Client, group: Group, images: list[Image]) -> None:
    url = reverse("group-remove-images", args=[group.pk])
    assert vera_client.post(url, {"ids": [images[0].pk]}).status_code == 403
    assert group.image_rows.count() == 3


def test_nothing_ticked_is_told(bob_client: Client, group: Group) -> None:
    answer = bob_client.post(reverse("group-remove-images", args=[group.pk]))
    assert answer.status_code == 422
    assert "Select at least one image first." in text(answer)


def test_an_image_that_is_not_there_takes_nothing_out(
    bob_client: Client, cast: Cast, group: Group, images: list[Image]
) -> None:
    delete_images(workspace=cast.workspace, ids=[images[0].pk], actor=cast.bob)
    foreign = make_image(cast.elsewhere, 9)
    for wrong, why in (
        (images[0].pk, "1 of these images was deleted in the meantime"),
        (foreign.pk, "1 of these images was deleted in the meantime"),
        ("nonsense", "The selection was not valid"),
    ):
        data = {"ids": [images[1].pk, wrong], "asked": "1"}
        answer = bob_client.post(reverse("group-remove-images", args=[group.pk]), data)
        assert why in text(answer)
        assert text(answer).count(" checked>") == 1, "the ticks stay"
        assert "Remove from “" in text(answer)
    assert group.image_rows.count() == 2
