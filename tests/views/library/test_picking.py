"""Add images to a group from its own page: filter what it lacks, tick, put in."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from dashboard.models import Group, GroupImage, Image
from dashboard.queries import pages
from dashboard.services.library.groups import add_images
from dashboard.services.library.images import delete_images
from dashboard.services.library.nesting import add_groups
from tests.factories import Cast, make_group, make_image, make_type

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}
FOUND = HTMX | {"HX-Target": "found"}


@pytest.fixture
def group(cast: Cast) -> Group:
    return make_group(make_type(cast.workspace, exclusive=True), "Red shoe")


@pytest.fixture
def other(group: Group) -> Group:
    return make_group(group.similarity_type, "Blue hat")


@pytest.fixture
def images(cast: Cast) -> list[Image]:
    """Make four: the first two are test images."""
    return [make_image(cast.workspace, seed, test_image=seed < 2) for seed in range(4)]


def picker(group: Group) -> str:
    return reverse("group-images", args=[group.pk])


def text(answer: Any) -> str:
    body: str = answer.content.decode()
    return body


def names(answer: Any) -> list[str]:
    return re.findall(r'aria-label="Select ([^"]*)"', text(answer))


def told(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def said(answer: Any) -> str:
    trigger: str = answer["HX-Trigger"].encode().decode("unicode_escape")
    return trigger


# What it offers


def test_it_offers_what_is_not_in_the_group(
    bob_client: Client, cast: Cast, group: Group, images: list[Image]
) -> None:
    make_image(cast.elsewhere, 9)
    delete_images(workspace=cast.workspace, ids=[images[3].pk], actor=cast.bob)
    add_images(group=group, ids=[images[0].pk], actor=cast.bob)
    answer = bob_client.get(picker(group))
    assert names(answer) == ["2.jpg", "1.jpg"]
    assert "<html" in text(answer)


def test_each_filter_and_all_at_once(
    bob_client: Client, cast: Cast, group: Group, other: Group, images: list[Image]
) -> None:
    make_image(cast.workspace, 5, file_name="Äpfel.jpg")
    add_images(group=other, ids=[images[0].pk, images[2].pk], actor=cast.bob)
    for query, expected in (
        ("", ["Äpfel.jpg", "3.jpg", "2.jpg", "1.jpg", "0.jpg"]),
        ("search=äPF", ["Äpfel.jpg"]),
        ("search=%25", []),
        ("ungrouped=1", ["Äpfel.jpg", "3.jpg", "1.jpg"]),
        ("test=1", ["1.jpg", "0.jpg"]),
        ("test=1&ungrouped=1", ["1.jpg"]),
        ("test=1&ungrouped=1&search=3", []),
    ):
        answer = bob_client.get(f"{picker(group)}?{query}", headers=FOUND)
        assert names(answer) == expected, query
        assert text(answer).lstrip().startswith('<div id="found"')
        assert "search-status" in text(answer)


def test_its_pages_keep_the_filter(
    bob_client: Client, group: Group, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.page, "__defaults__", ("", 2))
    seen, url = [], f"{picker(group)}?search=jpg&ungrouped=1"
    while url:
        answer = bob_client.get(url, headers=HTMX)
        assert "<html" not in text(answer)
        seen += names(answer)
        link = re.search(r'class="btn" href="(/groups/[^"]*cursor=[^"]*)"', text(answer))
        url = link[1].replace("&amp;", "&") if link else ""
        assert not url or "search=jpg&ungrouped=1&cursor=" in url
    assert seen == ["3.jpg", "2.jpg", "1.jpg", "0.jpg"]


def test_a_damaged_address_is_told(bob_client: Client, group: Group) -> None:
    for query in ("cursor=nonsense", "search=a%00b", f"search={'x' * 256}"):
        assert bob_client.get(f"{picker(group)}?{query}").status_code == 404


def test_the_page_of_an_exclusive_type_leads_to_what_fits(
    bob_client: Client, cast: Cast, group: Group
) -> None:
    assert f"{picker(group)}?ungrouped=1" in text(bob_client.get(f"/groups/{group.pk}"))
    free = make_group(make_type(cast.workspace))
    assert f'{picker(free)}"' in text(bob_client.get(f"/groups/{free.pk}"))


@pytest.mark.parametrize("query", ["", "?ungrouped=1", "?search=jpg&test=1"])
def test_the_number_of_queries_is_fixed(
    bob_client: Client, cast: Cast, group: Group, django_assert_max_num_queries: Queries, query: str
) -> None:
    for seed in range(12):
        make_image(cast.workspace, seed)
    with django_assert_max_num_queries(6):
        assert bob_client.get(picker(group) + query).status_code == 200


# Put some in


def test_it_works(bob_client: Client, group: Group, images: list[Image]) -> None:
    ids = [image.pk for image in images[:2]]
    answer = bob_client.post(picker(group), {"ids": ids})
    assert (answer.status_code, answer["Location"]) == (303, f"/groups/{group.pk}")
    assert told(answer) == "2 images were added to “Red shoe”."
    group.refresh_from_db()
    assert group.images_count == 2


def test_by_htmx_the_picker_goes_on(bob_client: Client, group: Group, images: list[Image]) -> None:
    url = f"{picker(group)}?test=1"
    answer = bob_client.post(url, {"ids": [images[0].pk]}, headers=FOUND)
    assert names(answer) == ["1.jpg"], "what is left, by the same filter"
    assert f'hx-post="{url}"' in text(answer)
    assert "1 image was added to “Red shoe”." in said(answer)
    again = bob_client.post(url, {"ids": [images[0].pk, images[1].pk]}, headers=FOUND)
    assert "1 image was added to “Red shoe”; 1 was already in it." in said(again)


def test_those_of_another_group_are_asked_about(
    bob_client: Client, cast: Cast, group: Group, other: Group, images: list[Image]
) -> None:
    add_images(group=other, ids=[images[1].pk], actor=cast.bob)
    data = {"ids": [image.pk for image in images]}
    question = "1 of them is in “Blue hat”: move or skip it?"
    url = f"{picker(group)}?test=1"
    asked = bob_client.post(url, data, headers=FOUND)
    assert (asked.status_code, asked["HX-Retarget"]) == (200, "#ask")
    assert question in text(asked)
    assert f'hx-post="{url}" hx-target="#found"' in text(asked)
    plain = bob_client.post(url, data)
    assert question in text(plain)
    assert "hx-post" not in text(plain).partition('<form method="post"')[2].partition(">")[0]
    assert [row.group for row in GroupImage.objects.all()] == [other]


def test_the_answer_moves_them_or_leaves_them_out(
    bob_client: Client, cast: Cast, group: Group, other: Group, images: list[Image]
) -> None:
    add_images(group=other, ids=[images[1].pk], actor=cast.bob)
    data = {"ids": [image.pk for image in images[:3]]}
    left = bob_client.post(picker(group), data | {"taken": "leave"}, headers=FOUND)
    assert "2 images were added to “Red shoe”; 1 was skipped." in said(left)
    moved = bob_client.post(picker(group), data | {"taken": "move"}, headers=FOUND)
    sentence = "1 image was added to “Red shoe”; 1 moved from other groups; 2 were already in it."
    assert sentence in said(moved)
    for one, count in ((group, 3), (other, 0)):
        one.refresh_from_db()
        assert (one.images_count, one.image_rows.count()) == (count, count)


def test_without_javascript_the_ticks_are_shown_again(
    bob_client: Client, group: Group, other: Group, images: list[Image]
) -> None:
    ids = [image.pk for image in images]
    for more in ({"again": "1"}, {"ids": [*ids, uuid.uuid4()]}):
        page = text(bob_client.post(f"{picker(group)}?test=1", {"ids": ids} | more))
        assert page.count(" checked>") == 4
        assert f'action="{picker(group)}?test=1"' in page
        assert "Add to “Red shoe”" in page
    assert not GroupImage.objects.exists()


def test_bad_input_changes_nothing(
    bob_client: Client, cast: Cast, group: Group, other: Group, images: list[Image]
) -> None:
    foreign = make_image(cast.elsewhere, 9)
    shelf = make_group(group.similarity_type, "Shelf")
    add_groups(group=shelf, ids=[other.pk], actor=cast.bob)
    good = images[0].pk
    for into, ids, sentence in (
        (group, [], "Select at least one image first."),
        (group, [good, "nonsense"], "The selection was not valid"),
        (group, [good, uuid.uuid4()], "1 of these images was deleted in the meantime."),
        (group, [good, foreign.pk], "1 of these images was deleted in the meantime."),
        (shelf, [good], "“Shelf” contains groups"),
    ):
        answer = bob_client.post(picker(into), {"ids": ids}, headers=FOUND)
        assert answer.status_code == 422
        assert sentence in said(answer)
    assert not GroupImage.objects.exists()


def test_a_stranger_and_a_viewer_change_nothing(
    charlie_client: Client, vera_client: Client, group: Group, images: list[Image]
) -> None:
    data = {"ids": [images[0].pk]}
    assert charlie_client.get(picker(group)).status_code == 404
    assert charlie_client.post(picker(group), data).status_code == 404
    assert vera_client.get(picker(group)).status_code == 403
    assert vera_client.post(picker(group), data).status_code == 403
    assert not GroupImage.objects.exists()
    assert "Add images" not in text(vera_client.get(f"/groups/{group.pk}"))
