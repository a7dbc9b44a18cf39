"""Tick images in the grid, then group or delete them."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from dashboard.models import Group, Image
from dashboard.services.library.groups import add_images
from dashboard.services.library.images import delete_images
from dashboard.services.library.similarity_types import delete_type
from tests.factories import Cast, make_group, make_image, make_type

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def images(cast: Cast) -> list[Image]:
    return [make_image(cast.workspace, seed) for seed in range(3)]


def test_it_works(bob_client: Client, cast: Cast, images: list[Image]) -> None:
    kind = make_type(cast.workspace)
    page = bob_client.get("/images/").content.decode()
    assert page.count('name="ids"') == 3
    answer = bob_client.post(
        "/images/group",
        {
            "ids": [image.id for image in images[:2]],
            "similarity_type": kind.id,
            "name": "Red shoe",
            "back": "/images/?test=on",
        },
    )
    assert (answer.status_code, answer["Location"]) == (303, "/images/?test=on")
    assert Group.objects.get(name="Red shoe").images_count == 2
    assert "2 images were added to “Red shoe”" in bob_client.get("/images/").content.decode()


def test_a_group_of_that_name_takes_them(
    bob_client: Client, cast: Cast, images: list[Image]
) -> None:
    kind = make_type(cast.workspace)
    make_group(kind, "Red shoe")
    fields = {"ids": [images[0].id], "similarity_type": kind.id, "name": " Red shoe "}
    bob_client.post("/images/group", fields)
    bob_client.post("/images/group", fields)
    assert Group.objects.get().images_count == 1


def test_the_choice_of_a_filter_or_the_last_one_is_offered(
    bob_client: Client, cast: Cast, images: list[Image]
) -> None:
    """And never another: nobody puts images into a type that they did not mean."""
    kinds = [make_type(cast.workspace, name) for name in ("A colour", "B product", "C maker")]
    assert offered(bob_client.get("/images/")) is None
    fields = {"ids": [images[0].pk], "similarity_type": kinds[2].pk, "name": "Red shoe"}
    bob_client.post("/images/group", fields)
    assert offered(bob_client.get("/images/")) == "C maker"
    by_filter = bob_client.get(f"/images/?without_type={kinds[1].pk}")
    assert offered(by_filter) == "B product"
    group = make_group(kinds[0])
    add_images(group=group, ids=[images[1].pk], actor=cast.bob)
    assert offered(bob_client.get(f"/images/?group={group.pk}")) == "A colour"
    assert offered(bob_client.get("/images/")) == "C maker", "kept, whatever was looked at"
    refused = bob_client.post(
        "/images/group", fields | {"similarity_type": kinds[1].pk, "name": ""}
    )
    assert refused.status_code == 422
    assert offered(bob_client.get("/images/")) == "B product", "chosen, though nothing was done"
    delete_type(similarity_type=kinds[1], force=True, actor=cast.bob)
    assert offered(bob_client.get("/images/")) is None


def test_a_type_beyond_the_first_fifty_is_offered_too(
    bob_client: Client, cast: Cast, images: list[Image]
) -> None:
    for number in range(50):
        make_type(cast.workspace, f"Kind {number}")
    last = make_type(cast.workspace, "Zebra")
    assert offered(bob_client.get(f"/images/?without_type={last.pk}")) == "Zebra"


def test_the_only_type_is_offered(
    bob_client: Client, charlie_client: Client, cast: Cast, images: list[Image]
) -> None:
    make_type(cast.workspace, "Only")
    make_image(cast.elsewhere, 9)
    make_type(cast.elsewhere, "Theirs")
    assert offered(bob_client.get("/images/")) == "Only"
    assert offered(charlie_client.get("/images/")) == "Theirs"


def offered(answer: Any) -> str | None:
    """Return the type that the bar has chosen; None if the person is to choose."""
    page = answer.content.decode()
    found = re.search(r'<option value="[^"]+" selected>([^<]*)</option>', page)
    assert ("Choose a type" in page) == (found is None)
    return found[1] if found else None


# Delete them


def test_deleting_asks_first(bob_client: Client, cast: Cast, images: list[Image]) -> None:
    kind = make_type(cast.workspace)
    for name, count in (("phone", 2), ("case", 1), ("cable", 1), ("box", 1), ("bag", 1)):
        ids = [image.pk for image in images[:count]]
        add_images(group=make_group(kind, name), ids=ids, actor=cast.bob)
    data = {"ids": [image.pk for image in images], "back": "/images/?test=1"}
    for headers in ({}, HTMX):
        asked = bob_client.post("/images/delete", data, headers=headers)
        page = unescape(asked.content.decode())
        assert asked.status_code == 200
        for words in (
            "Delete 3 images?",
            '<li class="text-break">2 in “phone”</li>',
            "1 in “bag”",
            "1 in “box”",
            "and in 2 more groups",
            "1 in no group",
            "This cannot be undone",
            "Delete 3 images</button>",
            'value="/images/?test=1"',
        ):
            assert words in page, words
        assert ("<html" in page) == (not headers)
        assert (asked.get("HX-Retarget") == "#ask") == bool(headers)
        assert page.count('class="tile-picture"') == 3
    assert Image.objects.present().count() == 3
    answer = bob_client.post("/images/delete", data | {"asked": "1"})
    assert (answer.status_code, answer["Location"]) == (303, "/images/?test=1")
    assert not Image.objects.present().exists()


def test_one_image_is_asked_about_as_one(bob_client: Client, images: list[Image]) -> None:
    page = bob_client.post("/images/delete", {"ids": [images[0].pk]}).content.decode()
    assert "Delete 1 image?" in page
    assert "1 in no group" in page
    bob_client.post("/images/delete", {"ids": [images[0].pk], "asked": "1"})
    assert "1 image was deleted" in bob_client.get("/images/").content.decode()


def test_giving_up_keeps_the_ticks(bob_client: Client, cast: Cast, images: list[Image]) -> None:
    """Without JavaScript; with it the page is still there."""
    make_type(cast.workspace)
    ids = [image.pk for image in images[:2]]
    data = {"ids": ids, "again": "1", "name": "Red", "back": "/images/?test=1"}
    page = bob_client.post("/images/delete", data).content.decode()
    assert ticked(page) == {str(key) for key in ids}
    assert 'value="Red"' in page
    assert 'href="/images/?test=1"' in page
    assert Image.objects.present().count() == 3


def test_how_deleting_is_asked_takes_as_many_queries_for_many_as_for_one(
    bob_client: Client, cast: Cast, django_assert_num_queries: Queries
) -> None:
    kind = make_type(cast.workspace)
    made = [make_image(cast.workspace, seed) for seed in range(12)]
    for number, image in enumerate(made):
        add_images(group=make_group(kind, f"{number}"), ids=[image.pk], actor=cast.bob)
    bob_client.get("/images/")
    for count in (3, 12):
        with django_assert_num_queries(7):
            bob_client.post(
                "/images/delete", {"ids": [one.pk for one in made[:count]]}, headers=HTMX
            )


def test_a_viewer_and_a_stranger_are_not_asked(
    vera_client: Client, charlie_client: Client, images: list[Image]
) -> None:
    data = {"ids": [image.pk for image in images]}
    for fields in (data, data | {"asked": "1"}):
        assert vera_client.post("/images/delete", fields).status_code == 403
        answer = charlie_client.post("/images/delete", fields)
        assert answer.status_code == 422
        assert "0.jpg" not in answer.content.decode()
    assert Image.objects.present().count() == 3


# A type of which an image has one group


@pytest.fixture
def phone(cast: Cast, images: list[Image]) -> Group:
    """A group of an exclusive type with two of the three images."""
    made = make_group(make_type(cast.workspace, exclusive=True), "phone")
    add_images(group=made, ids=[image.pk for image in images[:2]], actor=cast.bob)
    return made


def into(phone: Group, images: list[Image], **more: str) -> dict[str, object]:
    ids = [image.pk for image in images]
    return {"ids": ids, "similarity_type": phone.similarity_type_id, "name": "case"} | more


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_those_in_another_group_are_asked_about_once(
    bob_client: Client, phone: Group, images: list[Image], headers: dict[str, str]
) -> None:
    data = into(phone, images, back="/images/?test=1")
    asked = bob_client.post("/images/group", data, headers=headers)
    page = unescape(asked.content.decode())
    assert asked.status_code == 200
    assert "2 of them are in “phone”: move or skip them?" in page
    assert page.count('class="tile-picture"') == 2, "those that it is about"
    assert "tile-caption" not in page, "one group needs no names under the pictures"
    assert all(f'name="ids" value="{image.pk}"' in page for image in images)
    for kept in ('name="name" value="case"', 'name="back" value="/images/?test=1"'):
        assert kept in page
    assert not re.search(r">[^<]*[0-9a-f]{8}-[0-9a-f]{4}", page), "nobody reads ids"
    assert Group.objects.count() == 1, "nothing was made"
    assert phone.image_rows.count() == 2


def test_they_are_moved(bob_client: Client, phone: Group, images: list[Image]) -> None:
    bob_client.post("/images/group", into(phone, images, taken="move"))
    case = Group.objects.get(name="case")
    phone.refresh_from_db()
    assert (case.images_count, phone.images_count) == (3, 0)
    assert (case.image_rows.count(), phone.image_rows.count()) == (3, 0)
    page = bob_client.get("/images/").content.decode()
    assert "3 images were added to “case”; 2 moved from other groups." in page
    told = unescape(strip_tags(bob_client.get("/activity/").content.decode()))
    assert "added 3 images to case, 2 of them moved from other groups" in " ".join(told.split())


def test_they_are_left_out(bob_client: Client, phone: Group, images: list[Image]) -> None:
    bob_client.post("/images/group", into(phone, images, taken="leave"))
    case = Group.objects.get(name="case")
    phone.refresh_from_db()
    assert (case.images_count, phone.images_count) == (1, 2)
    page = bob_client.get("/images/").content.decode()
    assert "1 image was added to “case”; 2 were skipped." in page


@pytest.mark.parametrize(
    ("count", "question"),
    [
        (1, "It is in “phone”: move it?"),
        (2, "All 2 of them are in “phone”: move them?"),
    ],
)
def test_when_all_are_elsewhere_there_is_nothing_to_leave_out(
    bob_client: Client, phone: Group, images: list[Image], count: int, question: str
) -> None:
    page = bob_client.post("/images/group", into(phone, images[:count])).content.decode()
    assert question in page
    assert 'value="leave"' not in page
    assert "Move " in page


def test_several_groups_are_named(
    bob_client: Client, cast: Cast, phone: Group, images: list[Image]
) -> None:
    for seed, name in enumerate(("bag", "box", "cable", "dock"), 10):
        images.append(make_image(cast.workspace, seed))
        group = make_group(phone.similarity_type, name)
        add_images(group=group, ids=[images[-1].pk], actor=cast.bob)
    page = bob_client.post("/images/group", into(phone, images)).content.decode()
    question = (
        "2 of them are in “phone”, 1 in “bag”, 1 in “box”, others in 2 more groups: "
        "move or skip them?"
    )
    assert question in page
    captions = re.findall(r'<span class="tile-caption"><span>([^<]+)<', page)
    assert sorted(captions) == ["bag", "box", "cable", "dock", "phone", "phone"]
    bob_client.post("/images/group", into(phone, images, taken="move"))
    counts = dict(Group.objects.values_list("name", "images_count"))
    assert counts == {"phone": 0, "bag": 0, "box": 0, "cable": 0, "dock": 0, "case": 7}


def test_giving_up_the_question_keeps_ticks_and_name(
    bob_client: Client, phone: Group, images: list[Image]
) -> None:
    page = bob_client.post("/images/group", into(phone, images, again="1")).content.decode()
    assert ticked(page) == {str(image.pk) for image in images}
    assert 'value="case"' in page
    assert f'<option value="{phone.similarity_type_id}" selected>' in page


def test_a_group_that_is_a_strangers_moves_nothing(
    charlie_client: Client, vera_client: Client, phone: Group, images: list[Image]
) -> None:
    data = into(phone, images, taken="move")
    assert charlie_client.post("/images/group", data).status_code == 422
    assert vera_client.post("/images/group", data).status_code == 403
    assert phone.image_rows.count() == 2


def test_an_image_goes_into_a_group_from_its_own_page(
    bob_client: Client, vera_client: Client, phone: Group, images: list[Image]
) -> None:
    address = f"/images/{images[0].pk}"
    page = bob_client.get(address).content.decode()
    assert f'name="ids" value="{images[0].pk}"' in page
    assert f'name="back" value="{address}"' in page
    assert "Add to group" not in vera_client.get(address).content.decode()
    data = into(phone, images[:1], back=address)
    assert "It is in “phone”: move it?" in bob_client.post("/images/group", data).content.decode()
    answer = bob_client.post("/images/group", data | {"taken": "move"})
    assert answer["Location"] == address


# What is refused


def test_a_viewer_sees_no_boxes(vera_client: Client, images: list[Image]) -> None:
    assert 'name="ids"' not in vera_client.get("/images/").content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"ids": []}, "Select at least one image first."),
        ({"ids": ["nonsense"]}, "The selection was not valid"),
        ({"name": ""}, "Enter the name of a new"),
        ({"similarity_type": ""}, "Choose the type"),
        ({"ids": ["2b2f3c4e-7d61-4d3e-9d0a-1f2e3d4c5b6a"]}, "1 of these images was deleted"),
        ({"taken": "nonsense"}, "Choose whether to move or skip them."),
    ],
)
def test_a_refusal_keeps_what_was_ticked_and_typed(
    bob_client: Client,
    cast: Cast,
    images: list[Image],
    fields: dict[str, Any],
    sentence: str,
) -> None:
    kind, _ = make_type(cast.workspace), make_type(cast.workspace, "Another")
    ids = [image.pk for image in images[:2]]
    good = {"ids": ids, "similarity_type": kind.pk, "name": "Red shoe", "back": "/images/?test=1"}
    sent = good | fields
    if fields.get("ids"):
        sent["ids"] = [*ids, *fields["ids"]]
    answer = bob_client.post("/images/group", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert ticked(page) == ({str(key) for key in ids} if sent["ids"] else set())
    assert f'name="name" value="{sent["name"]}"' in page
    assert offered(answer) == ("Same product" if sent["similarity_type"] else None)
    by_htmx = bob_client.post("/images/group", sent, headers=HTMX)
    assert (by_htmx.status_code, by_htmx["HX-Reswap"]) == (422, "none"), "the page stays as it is"
    assert sentence in by_htmx["HX-Trigger"]
    assert Group.objects.count() == 0


def test_tiles_of_what_is_gone_leave_the_page(
    bob_client: Client, cast: Cast, images: list[Image]
) -> None:
    delete_images(workspace=cast.workspace, ids=[images[0].pk], actor=cast.alice)
    data = {
        "ids": [image.pk for image in images],
        "similarity_type": make_type(cast.workspace).pk,
        "name": "Red shoe",
    }
    answer = bob_client.post("/images/group", data, headers=HTMX)
    assert json.loads(answer["HX-Trigger"])["gone"] == {"ids": [str(images[0].pk)]}
    asked = bob_client.post("/images/delete", data, headers=HTMX).content.decode()
    assert "Delete 2 images?" in asked
    refused = bob_client.post("/images/delete", data | {"asked": "1"})
    assert ticked(refused.content.decode()) == {str(images[1].pk), str(images[2].pk)}
    assert Image.objects.present().count() == 2


def ticked(page: str) -> set[str]:
    return set(re.findall(r'name="ids" value="([^"]+)"[^>]* checked', page))


def test_strangers_images_stay_where_they_are(bob_client: Client, cast: Cast) -> None:
    theirs = make_image(cast.elsewhere, 9)
    for fields in ({"ids": [theirs.id]}, {"ids": [theirs.id], "asked": "1"}):
        answer = bob_client.post("/images/delete", fields)
        assert answer.status_code == 422
        assert str(theirs.pk) not in answer.content.decode()
    assert Image.objects.present().get() == theirs


def test_back_never_leads_elsewhere(bob_client: Client, images: list[Image]) -> None:
    data = {"ids": [images[0].id], "back": "https://example.org/", "asked": "1"}
    answer = bob_client.post("/images/delete", data)
    assert answer["Location"] == "/images/"


def test_with_htmx_the_way_back_is_told(
    bob_client: Client, cast: Cast, images: list[Image]
) -> None:
    kind = make_type(cast.workspace)
    data = {
        "ids": [images[0].pk],
        "similarity_type": kind.pk,
        "name": "Red",
        "back": "/images/?test=1",
    }
    answer = bob_client.post("/images/group", data, headers=HTMX)
    assert answer["HX-Redirect"] == "/images/?test=1"
