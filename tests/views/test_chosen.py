"""Tick images in the grid, then group or delete them."""

import pytest
from django.test import Client

from dashboard.models import Group, Image
from tests.factories import Cast, make_group, make_image, make_type


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
    assert "2 images went into “Red shoe”" in bob_client.get("/images/").content.decode()


def test_a_group_of_that_name_takes_them(
    bob_client: Client, cast: Cast, images: list[Image]
) -> None:
    kind = make_type(cast.workspace)
    make_group(kind, "Red shoe")
    fields = {"ids": [images[0].id], "similarity_type": kind.id, "name": " Red shoe "}
    bob_client.post("/images/group", fields)
    bob_client.post("/images/group", fields)
    assert Group.objects.get().images_count == 1


def test_delete(bob_client: Client, images: list[Image]) -> None:
    bob_client.post("/images/delete", {"ids": [images[0].id, images[1].id]})
    assert Image.objects.present().get() == images[2]


def test_a_viewer_sees_no_boxes(vera_client: Client, images: list[Image]) -> None:
    assert 'name="ids"' not in vera_client.get("/images/").content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"ids": []}, "Tick at least one image first."),
        ({"ids": ["nonsense"]}, "a box was damaged"),
        ({"name": ""}, "Name the group"),
        ({"similarity_type": ""}, "Choose the type"),
        ({"ids": ["2b2f3c4e-7d61-4d3e-9d0a-1f2e3d4c5b6a"]}, "There is no image with the id"),
    ],
)
def test_bad_input(
    bob_client: Client,
    cast: Cast,
    images: list[Image],
    fields: dict[str, object],
    sentence: str,
) -> None:
    kind = make_type(cast.workspace)
    good = {"ids": [images[0].id], "similarity_type": kind.id, "name": "Red shoe"}
    bob_client.post("/images/group", good | fields)
    assert sentence in bob_client.get("/images/").content.decode()
    assert Group.objects.count() == 0


def test_strangers_images_stay_where_they_are(bob_client: Client, cast: Cast) -> None:
    theirs = make_image(cast.elsewhere, 9)
    bob_client.post("/images/delete", {"ids": [theirs.id]})
    assert Image.objects.present().get() == theirs


def test_back_never_leads_elsewhere(bob_client: Client, images: list[Image]) -> None:
    answer = bob_client.post(
        "/images/delete", {"ids": [images[0].id], "back": "https://example.org/"}
    )
    assert answer["Location"] == "/images/"
