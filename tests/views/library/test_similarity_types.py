"""Types: list them, make one, see its groups, say what it means."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Change
from dashboard.models import SimilarityType
from dashboard.queries import pages
from dashboard.services.library.groups import add_images
from tests.factories import Cast, make_group, make_image, make_type

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def kind(cast: Cast) -> SimilarityType:
    return make_type(cast.workspace, "Same product", exclusive=True)


def text(answer: Any) -> str:
    body: str = answer.content.decode()
    return body


# The list


def test_the_list_works(vera_client: Client, kind: SimilarityType) -> None:
    make_group(kind)
    answer = text(vera_client.get("/types/"))
    assert f'href="/types/{kind.pk}"' in answer
    assert "1 group · one per image" in answer
    assert "New type" not in answer


def test_an_empty_list_says_what_to_do(bob_client: Client, vera_client: Client) -> None:
    assert 'href="/types/new"' in text(bob_client.get("/types/"))
    assert "An editor of this workspace can create one" in text(vera_client.get("/types/"))


def test_the_list_of_a_stranger_is_empty(charlie_client: Client, kind: SimilarityType) -> None:
    assert str(kind.pk) not in text(charlie_client.get("/types/"))


def test_the_list_goes_on(bob_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.page, "__defaults__", ("", 2))
    for number in range(3):
        make_type(cast.workspace, f"Type {number}")
    first = bob_client.get("/types/")
    assert "Type 0" not in text(first)
    cursor = first.context["next"]
    second = bob_client.get("/types/", {"cursor": cursor}, headers=HTMX)
    assert "Type 0" in text(second)
    assert "Type 1" not in text(second)
    assert "<html" not in text(second)
    assert second["Vary"].startswith("HX-Request")


def test_a_damaged_cursor_is_told(bob_client: Client) -> None:
    answer = bob_client.get("/types/?cursor=nonsense")
    assert answer.status_code == 404
    assert "Open the list again" in text(answer)


def test_the_list_asks_the_same_number_of_queries(
    bob_client: Client, cast: Cast, django_assert_max_num_queries: Queries
) -> None:
    for number in range(8):
        make_type(cast.workspace, f"Type {number}")
    with django_assert_max_num_queries(5):
        bob_client.get("/types/")


# Make one


def test_making_one_works(bob_client: Client, cast: Cast) -> None:
    assert "checked" in text(bob_client.get("/types/new"))
    answer = bob_client.post("/types/new", {"name": " Same pattern ", "exclusive": "on"})
    made = SimilarityType.objects.get(workspace=cast.workspace)
    assert (made.name, made.exclusive) == ("Same pattern", True)
    assert answer.status_code == 303
    assert answer["Location"] == f"/types/{made.pk}"


def test_making_one_that_is_not_exclusive(bob_client: Client) -> None:
    bob_client.post("/types/new", {"name": "Same colour"})
    assert not SimilarityType.objects.get().exclusive


def test_a_type_needs_a_name(bob_client: Client) -> None:
    for name in ("", "   ", "x" * 256, "nul\0"):
        answer = bob_client.post("/types/new", {"name": name})
        assert answer.status_code == 422
        assert "Nothing was saved." in text(answer)
    assert not SimilarityType.objects.exists()


def test_a_viewer_makes_none(vera_client: Client) -> None:
    assert vera_client.post("/types/new", {"name": "Mine"}).status_code == 403


# One type


def test_its_page_works(bob_client: Client, kind: SimilarityType, cast: Cast) -> None:
    group = make_group(kind, "Red shoe")
    images = [make_image(cast.workspace, seed) for seed in range(5)]
    add_images(group=group, ids=[image.pk for image in images], actor=cast.bob)
    answer = bob_client.get(reverse("type", args=[kind.pk]))
    [card] = answer.context["cards"]
    assert [tile["name"] for tile in card.covers] == ["4.jpg", "3.jpg", "2.jpg", "1.jpg"]
    assert text(answer).count('<img src="/media/') == 4
    assert "Red shoe" in text(answer)
    assert "5 images" in text(answer)


def test_its_page_is_not_there_for_a_stranger(charlie_client: Client, kind: SimilarityType) -> None:
    assert charlie_client.get(reverse("type", args=[kind.pk])).status_code == 404


def test_its_page_offers_a_viewer_no_forms(vera_client: Client, kind: SimilarityType) -> None:
    answer = text(vera_client.get(reverse("type", args=[kind.pk])))
    assert "/groups/new" not in answer
    assert "/change" not in answer


def test_its_page_asks_the_same_number_of_queries(
    bob_client: Client,
    kind: SimilarityType,
    cast: Cast,
    django_assert_max_num_queries: Queries,
) -> None:
    for number in range(12):
        group = make_group(kind, f"Group {number}")
        add_images(group=group, ids=[make_image(cast.workspace, number).pk], actor=cast.bob)
    with django_assert_max_num_queries(9):
        answer = bob_client.get(reverse("type", args=[kind.pk]))
    assert text(answer).count('<img src="/media/') == 12


# Say what it means


def test_renaming_works(bob_client: Client, kind: SimilarityType) -> None:
    url = reverse("type-change", args=[kind.pk])
    assert "Same product" in text(bob_client.get(url))
    answer = bob_client.post(url, {"name": "Same article", "description": "By number."})
    assert answer.status_code == 303
    kind.refresh_from_db()
    assert (kind.name, kind.description, kind.exclusive) == ("Same article", "By number.", True)
    told = Change.objects.get(verb="changed")
    assert (told.details["before"], told.details["after"]) == ("Same product", "Same article")


def test_renaming_is_not_there_for_a_stranger(charlie_client: Client, kind: SimilarityType) -> None:
    assert charlie_client.post(reverse("type-change", args=[kind.pk])).status_code == 404


def test_a_viewer_renames_nothing(vera_client: Client, kind: SimilarityType) -> None:
    url = reverse("type-change", args=[kind.pk])
    assert vera_client.post(url, {"name": "Mine"}).status_code == 403


def test_an_empty_name_is_told(bob_client: Client, kind: SimilarityType) -> None:
    answer = bob_client.post(reverse("type-change", args=[kind.pk]), {"name": " "})
    assert answer.status_code == 422
    assert "This field is required" in text(answer)
    kind.refresh_from_db()
    assert kind.name == "Same product"
